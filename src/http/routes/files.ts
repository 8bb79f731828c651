import type { FastifyHelmetOptions } from '@fastify/helmet';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
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

const FRESH_FOR_S = 300;
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
