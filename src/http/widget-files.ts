import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FileDeps, Files, StaticFile } from './routes/files.ts';

/** Where `npm run build:widget` puts the button's files. */
export const BUILT_WIDGET = path.join(import.meta.dirname, '../dist/widget');
const DEMO = path.join(import.meta.dirname, 'widget/demo');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ts': 'text/plain; charset=utf-8',
};

/**
 * The button's files: those that `npm run build:widget` made, and without them (in development, where esbuild is at hand)
 * built when they are first asked for. Files of earlier builds that lie beside are served as well: a page that names one by its
 * hash goes on working.
 */
export function widgetFiles(folder = BUILT_WIDGET): Files {
  return once(async () => {
    if (existsSync(folder)) return readFiles(folder, (name) => /\.[0-9a-f]{12}\.js$/.test(name));
    const { buildWidget } = await import('../../scripts/build-widget.ts');
    return (await buildWidget()).files;
  });
}

/** What the demo page is told. */
export type DemoSettings = { readonly inboxUrl: string | undefined; readonly site: string | undefined };

/** The demo page with the button on it, beside the simulator's inbox where there is one. */
export function demoFiles(settings: DemoSettings, folder = DEMO): NonNullable<FileDeps['demo']> {
  const { inboxUrl } = settings;
  const config = staticFile('config.json', Buffer.from(JSON.stringify(settings)), false);
  return {
    files: once(async () => new Map([...(await readFiles(folder, () => false)), ['config.json', config]])),
    // As strict as a careful dealer's page.
    helmet: {
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          scriptSrc: ["'self'"],
          styleSrc: ["'self'"],
          imgSrc: ["'self'", 'data:'],
          connectSrc: ["'self'"],
          ...(inboxUrl !== undefined && { frameSrc: [new URL(inboxUrl).origin] }),
          baseUri: ["'none'"],
          formAction: ["'self'"],
          frameAncestors: ["'none'"],
          requireTrustedTypesFor: ["'script'"],
        },
      },
    },
  };
}

/** Files are read when the first is asked for; a failure is met again by the next request. */
function once(read: () => Promise<ReadonlyMap<string, StaticFile>>): Files {
  let reading: Promise<ReadonlyMap<string, StaticFile>> | undefined;
  return async (name) => {
    reading ??= read();
    try {
      return (await reading).get(name);
    } catch (error) {
      reading = undefined;
      throw error;
    }
  };
}

async function readFiles(folder: string, immutable: (name: string) => boolean): Promise<Map<string, StaticFile>> {
  const names = (await readdir(folder)).filter((name) => TYPES[path.extname(name)] !== undefined);
  return new Map(
    await Promise.all(
      names.map(async (name): Promise<[string, StaticFile]> => {
        return [name, staticFile(name, await readFile(path.join(folder, name)), immutable(name))];
      }),
    ),
  );
}

function staticFile(name: string, body: Buffer, immutable: boolean): StaticFile {
  return {
    type: TYPES[path.extname(name)] ?? 'application/octet-stream',
    body,
    gzip: gzipSync(body, { level: 9 }),
    integrity: `sha384-${hash('sha384', body, 'base64')}`,
    immutable,
  };
}
