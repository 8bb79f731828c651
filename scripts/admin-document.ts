import pino from 'pino';
import { buildAdminApp } from '../src/admin/api/app.ts';

/**
 * The OpenAPI document of the admin API as text, as it is committed.
 * @param version of this program
 */
export async function adminOpenApiText(version: string): Promise<string> {
  // The document is of the routes alone; nothing of these is used.
  const unused = new Proxy({}, { get: () => async () => [] }) as never;
  const app = await buildAdminApp({
    operations: unused,
    entries: unused,
    metrics: unused,
    tokens: { admin: 'of no listener' },
    version,
    findPartner: () => undefined,
    listOfPartner: unused,
    state: unused,
    console: {
      activity: unused,
      configuration: unused,
      database: '',
      sessionKey: Buffer.alloc(16),
    },
    logger: pino({ level: 'silent' }),
  });
  try {
    await app.ready();
    return `${JSON.stringify(await app.adminDocument(), null, 2)}\n`;
  } finally {
    await app.close();
  }
}
