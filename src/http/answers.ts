import type { IncomingMessage } from 'node:http';
import cors, { type FastifyCorsOptions, type FastifyCorsOptionsDelegateCallback } from '@fastify/cors';
import type { FastifyHelmetOptions } from '@fastify/helmet';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Site } from '../domain/site.ts';
import { readTarget } from '../lib/request.ts';
import { includes, type Sites, siteKeyInBody, siteKeyInPath } from './access.ts';

type Policy = Extract<FastifyHelmetOptions['contentSecurityPolicy'], object>;

/**
 * The policy of an answer under which nothing is loaded, run, sent or framed but what these directives allow.
 *
 * @param allowed `formAction`: where a form may lead; the other directives are those of what is loaded and run
 */
export function contentPolicy({
  formAction = ["'none'"],
  ...allowed
}: Readonly<Record<string, string[]>> = {}): Policy {
  const directives = { ...allowed, baseUri: ["'none'"], formAction, frameAncestors: ["'none'"] };
  return { useDefaults: false, directives: { defaultSrc: ["'none'"], ...directives } };
}

/** Everything that a page loads comes from this host, and nothing is inline. Swagger UI draws its arrows as `data:` images. */
export const OWN_FILES = {
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  connectSrc: ["'self'"],
};

/**
 * The headers of answers that are data: nothing in them may run or be framed. Buttons on other origins read them, so their
 * resource policy is `cross-origin`. A route that answers a page has a policy of its own in its option `helmet`.
 *
 * @param tls whether the gateway itself speaks TLS: HSTS is ours to send only then
 */
export function securityHeaders(tls: boolean): FastifyHelmetOptions {
  return {
    contentSecurityPolicy: contentPolicy(),
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    strictTransportSecurity: tls && { maxAge: 31_536_000, includeSubDomains: false },
    xFrameOptions: { action: 'deny' },
    // Data has nothing that these are about: DNS prefetching of links, Flash, old Internet Explorers, pages' processes.
    originAgentCluster: false,
    xDnsPrefetchControl: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xXssProtection: false,
  };
}

/** Seconds for which a browser keeps the answer to a preflight; Chromium keeps it for two hours at most. */
const PREFLIGHT_MAX_AGE_S = 7200;

/** Tracing tools add these to every `fetch` of a page (W3C Trace Context, W3C Baggage, Sentry). Not allowed, they would end the call. */
const TRACE_HEADERS: readonly string[] = ['traceparent', 'tracestate', 'baggage', 'sentry-trace'];

/**
 * Tells browsers which pages may read an answer: those of the site that the request names, else those of any site. The button
 * itself is public. CORS authorises nobody (a foreign page's POST still runs); a lead's own origin is checked by its site.
 *
 * The body that names a site is read after CORS was decided. The permission for pages of other sites is withdrawn then.
 */
export async function addCors(app: FastifyInstance, sites: Sites, known: KnownPaths): Promise<void> {
  await app.register(cors, { delegator: delegate(sites, known) });
  app.addHook('onSend', ({ headers: { origin }, body }, reply, _payload, done) => {
    const withdraw = (site: Site | undefined): void => {
      if (site && !includes(site.origins, origin)) reply.removeHeader('access-control-allow-origin');
      done();
    };
    const key = siteKeyInBody(body);
    const site = key === undefined ? undefined : sites.find(key);
    // Where the storage does not say whose pages these are, the answer is a fault and tells nothing about a lead.
    if (site instanceof Promise) site.then(withdraw, () => withdraw(undefined));
    else withdraw(site);
  });
}

function delegate(sites: Sites, known: KnownPaths): FastifyCorsOptionsDelegateCallback {
  return ({ url, method }, answer) => {
    const decide = (site: Site | undefined): void => {
      const allows = site ? (origin: string | undefined) => includes(site.origins, origin) : sites.allows;
      const options = url.startsWith('/widget/') ? PUBLIC_FILES : dataOptions(allows);
      // The preflight of an unknown path goes on to the handler that answers 404.
      const nowhere = method === 'OPTIONS' && known(url).length === 0;
      answer(null, nowhere ? { ...options, preflight: false } : options);
    };
    const key = siteKeyInPath(url);
    const site = key === undefined ? undefined : sites.find(key);
    if (site instanceof Promise) site.then(decide, (error: Error) => answer(error));
    else decide(site);
  };
}

const PUBLIC_FILES: FastifyCorsOptions = {
  origin: '*',
  methods: ['GET'],
  maxAge: PREFLIGHT_MAX_AGE_S,
  strictPreflight: false,
};

function dataOptions(allows: Sites['allows']): FastifyCorsOptions {
  return {
    origin(origin, answer) {
      const allowed = allows(origin);
      if (allowed instanceof Promise)
        allowed.then(
          (yes) => answer(null, yes),
          (error: Error) => answer(error, false),
        );
      else answer(null, allowed);
    },
    methods: ['GET', 'POST'],
    allowedHeaders: ['Content-Type', 'Idempotency-Key', ...TRACE_HEADERS],
    exposedHeaders: 'Retry-After, RateLimit, RateLimit-Policy, Location, Idempotency-Replayed',
    maxAge: PREFLIGHT_MAX_AGE_S,
    strictPreflight: false,
  };
}
const PREFIX = '/v1';
/** The paths of the OpenAPI document, and the document. Files, pages and the reference have no version of the API. */
const VERSIONED = /^\/v1(?=\/(?:conversations|sites|reconciliations|healthz|readyz|openapi\.json)(?:[/?]|$))/;

/**
 * The path and query of a request as the router gets them. A path of the API is the same with `/v1` before it and without
 * (ADR 44): there is one route, one limit and one scope of idempotency keys for both.
 */
export function readVersionedTarget(request: Pick<IncomingMessage, 'url'>): string {
  const target = readTarget(request);
  return target.startsWith('/v1/') ? target.replace(VERSIONED, '') : target;
}

/** The prefix with which a request came, for URLs in its answer: `/v1` or nothing. */
export function versionPrefixOf({ originalUrl }: Pick<FastifyRequest, 'originalUrl'>): '' | typeof PREFIX {
  return VERSIONED.test(originalUrl.startsWith('/') ? originalUrl : readTarget({ url: originalUrl })) ? PREFIX : '';
}

/** Methods that a path takes; empty for a path that does not exist. */
export type KnownPaths = (url: string) => string[];

/**
 * Remembers every route that is added from now on, to distinguish a wrong method on a known path from an unknown path.
 * Fastify's router only says that nothing matched.
 */
export function knownPaths(app: FastifyInstance): KnownPaths {
  const routes: { readonly path: RegExp; readonly methods: readonly string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    // The catch-all route of preflights is not a path of the API.
    if (url !== '*') routes.push({ path: toRegExp(url), methods: [method].flat() });
  });
  return (url) => {
    const [path = ''] = url.split('?', 1);
    const methods = routes.filter((route) => route.path.test(path)).flatMap((route) => route.methods);
    return methods.length === 0 ? [] : [...new Set([...methods, 'OPTIONS'])].sort();
  };
}

function toRegExp(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/:\w+/g, '[^/]+')
    .replace(/\*/g, '.*');
  return new RegExp(`^${source}$`);
}
