import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FastifyHelmetOptions } from '@fastify/helmet';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { contentPolicy, OWN_FILES } from '../answers.ts';
import { Problem } from '../problems.ts';

/** A file as it is served. */
export type StaticFile = {
  /** Media type. */
  readonly type: string;
  readonly body: Buffer;
  /** The same, gzipped. */
  readonly gzip: Buffer;
  /** A hash of the body, as in an `integrity` attribute: no two bodies have the same. */
  readonly integrity: string;
  /** The name never means anything else: cached for ever. */
  readonly immutable: boolean;
};

/** Files by their path below a route's own; `undefined` for one that is not there. */
export type Files = (name: string) => Promise<StaticFile | undefined>;

export type FileDeps = {
  readonly widget: Files;
  /** The demo page, outside production: its files, and the security headers that differ from those of data. */
  readonly demo?: { readonly files: Files; readonly helmet: FastifyHelmetOptions };
};

/** Seconds for which browsers keep a file or page whose URL does not name its version. */
export const FRESH_FOR_S = 300;
const A_YEAR_S = 31_536_000;

/** Whole pages of visitors behind one address load these, and each costs next to nothing. */
const OPEN = { schema: { hide: true }, config: { limit: 'files' } } as const;

/** `GET /widget/…`, the button, and `GET /demo`. */
export async function fileRoutes(app: FastifyInstance, { widget, demo }: FileDeps): Promise<void> {
  app.get<{ Params: { '*': string } }>('/widget/*', OPEN, async (request, reply) => {
    const file = await widget(request.params['*']);
    if (!file) throw new Problem('not_found');
    const cache = file.immutable ? `public, max-age=${A_YEAR_S}, immutable` : `public, max-age=${FRESH_FOR_S}`;
    return sendFile(request, reply.header('cache-control', cache), file);
  });

  if (!demo) return;
  const page = async (request: FastifyRequest, reply: FastifyReply, name: string): Promise<FastifyReply> => {
    const file = await demo.files(name);
    if (!file) throw new Problem('not_found');
    reply.header('cache-control', 'no-cache');
    return sendFile(request, reply, file);
  };
  const options = { ...OPEN, helmet: demo.helmet };
  app.get('/demo', options, async (request, reply) => page(request, reply, 'index.html'));
  app.get<{ Params: { '*': string } }>('/demo/*', options, async (request, reply) =>
    page(request, reply, request.params['*'] || 'index.html'),
  );
}

function sendFile(request: FastifyRequest, reply: FastifyReply, file: StaticFile): FastifyReply {
  const { 'accept-encoding': encodings = '', 'if-none-match': known = '' } = request.headers;
  const gzipped = /(^|,)\s*gzip\s*(;\s*q=(1|0?\.0*[1-9])|,|$)/i.test(String(encodings));
  const tag = `"${file.integrity}${gzipped ? '-gzip' : ''}"`;
  reply.headers({ etag: tag, vary: 'Accept-Encoding' });
  if (known.split(',').some((each) => each.trim().replace(/^W\//, '') === tag)) return reply.code(304).send();
  if (gzipped) reply.header('content-encoding', 'gzip');
  return reply.type(file.type).send(gzipped ? file.gzip : file.body);
}

/** Where `npm run build:widget` puts the button's files. */
export const BUILT_WIDGET = path.join(import.meta.dirname, '../../../dist/widget');
const DEMO = path.join(import.meta.dirname, '../../widget/demo');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ts': 'text/plain; charset=utf-8',
};

/** Bundles the button from its sources. */
export type BuildWidget = () => Promise<{ readonly files: ReadonlyMap<string, StaticFile> }>;

/**
 * The button's files: those that `npm run build:widget` made, and without them built by `build` when the first is requested.
 * Files of earlier builds beside them are served as well, so that a page that names one by its hash keeps working.
 */
export function widgetFiles(build: BuildWidget, folder = BUILT_WIDGET): Files {
  return once(async () => {
    if (existsSync(folder)) return readFiles(folder, (name) => /\.[0-9a-f]{12}\.js$/.test(name));
    return (await build()).files;
  });
}

/** Settings of the demo page. */
export type DemoSettings = { readonly inboxUrl: string | undefined; readonly site: string | undefined };

/** The demo page with the button on it, beside the simulator's inbox where there is one. */
export function demoFiles(settings: DemoSettings, folder = DEMO): NonNullable<FileDeps['demo']> {
  const { inboxUrl } = settings;
  const config = staticFile('config.json', Buffer.from(JSON.stringify(settings)), false);
  return {
    files: once(async () => new Map([...(await readFiles(folder, () => false)), ['config.json', config]])),
    // As strict as a careful dealer's page.
    helmet: {
      contentSecurityPolicy: contentPolicy({
        ...OWN_FILES,
        ...(inboxUrl !== undefined && { frameSrc: [new URL(inboxUrl).origin] }),
        formAction: ["'self'"],
        requireTrustedTypesFor: ["'script'"],
      }),
    },
  };
}

/** Reads the files when the first is requested; after a failure the next request reads them again. */
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
  const all = new Set(await readdir(folder));
  const names = [...all].filter((name) => TYPES[path.extname(name)] !== undefined);
  return new Map(
    await Promise.all(
      names.map(async (name): Promise<[string, StaticFile]> => {
        // The build compresses better, and slower, than is done here.
        const gzip = all.has(`${name}.gz`) ? await readFile(path.join(folder, `${name}.gz`)) : undefined;
        return [name, staticFile(name, await readFile(path.join(folder, name)), immutable(name), gzip)];
      }),
    ),
  );
}

function staticFile(name: string, body: Buffer, immutable: boolean, gzip?: Buffer): StaticFile {
  return {
    type: TYPES[path.extname(name)] ?? 'application/octet-stream',
    body,
    gzip: gzip ?? gzipSync(body, { level: 9 }),
    integrity: `sha384-${hash('sha384', body, 'base64')}`,
    immutable,
  };
}
