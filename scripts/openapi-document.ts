import pino from 'pino';
import { type AppSettings, buildApp } from '../src/http/app.ts';

/** The document is of the routes alone; no setting shows in it. */
const SETTINGS: AppSettings = {
  listen: { host: '127.0.0.1', port: 0 },
  maxConnections: 1,
  trustProxy: [],
  visitorRate: { max: 10, windowS: 60 },
  deliverWaitMs: 4_000,
  sites: new Map(),
  partners: new Map(),
};

/**
 * The OpenAPI document as text, as it is committed.
 * @param version of this program
 */
export async function openApiText(version: string): Promise<string> {
  const unused = async (): Promise<never> => {
    throw new Error('A document is made without a request.');
  };
  const app = await buildApp({
    settings: SETTINGS,
    submit: unused,
    find: unused,
    partnerList: { listOfPartner: unused, readPage: unused },
    isReady: unused,
    guard: { issue: unused, check: unused },
    files: { widget: unused },
    logger: pino({ level: 'silent' }),
    version,
  });
  try {
    return `${JSON.stringify(app.swagger(), null, 2)}\n`;
  } finally {
    await app.close();
  }
}
