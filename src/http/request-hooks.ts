import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import helmet from '@fastify/helmet';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { TlsFiles } from '../domain/addresses.ts';
import type { Partner, Rate, Site } from '../domain/site.ts';
import type { Guard } from '../lib/connections.ts';
import { hostMistake, traceparentOf } from '../lib/request.ts';
import { derived } from '../lib/values.ts';
import {
  claimedOrigin,
  createPartnerCheck,
  hasTestKey,
  loggedOrigin,
  type Requester,
  type Sites,
  siteKeyInBody,
  siteKeyInPath,
} from './access.ts';
import { addCors, type KnownPaths, securityHeaders } from './answers.ts';
import { addressKey } from './limits/address.ts';
import { createLimits, holdToLimit, type Limits, usageHeaders } from './limits/limits.ts';
import type { SharedCounts } from './limits/shared-counts.ts';
import { Problem, type ProblemCode } from './problems.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * A limit of the route's own; without it requests count as reads by address, or as attempts where they are POSTs. Reads of
     * a partner with its key count by partner where the route says `partner-reads`.
     */
    limit?: 'health' | 'files' | 'partner-reads';
  }
}

/** The settings that the hooks need. Sites, partners and rates may be replaced while the listener runs: read them at each request. */
export type HookSettings = {
  readonly listen: { readonly host: string; readonly port: number; readonly tls?: TlsFiles };
  readonly visitorRate: Rate;
  readonly sites: ReadonlyMap<string, Site>;
  readonly partners: ReadonlyMap<string, Partner>;
};

/** How requests are counted. `monotonic` gives milliseconds that never jump; without `sharedCounts` this process counts alone. */
type Counting = { readonly monotonic: () => number; readonly sharedCounts?: SharedCounts | undefined };

/** Tells the value of `Retry-After` of a request that is refused because there is too much to do. */
type Shed = (request: IncomingMessage) => string | undefined;

/**
 * Adds the hooks that every request passes before its route, in this order: identity, security headers, the limit of
 * preflights (which CORS answers by itself), CORS (so that a page can read even a 429), then keys, limits and 404s. All of
 * them run before a byte of the body is read.
 *
 * @returns the limits, for routes that count by values in the body
 */
export async function addRequestHooks(
  app: FastifyInstance,
  settings: HookSettings,
  known: KnownPaths,
  { sharedCounts, monotonic, sites, shed }: Counting & { readonly sites: Sites; readonly shed: Shed },
): Promise<Limits> {
  const partnerCheck = derived(() => settings.partners, createPartnerCheck);
  const isPreflight = (request: FastifyRequest): boolean => request.method === 'OPTIONS';

  const limits = await createLimits(app, monotonic, () => settings.visitorRate, sharedCounts);

  app.decorateRequest('requester', null as unknown as Requester);
  app.addHook('onRequest', (request, reply, done) => {
    request.requester = { address: addressKey(request.ip, request.socket.remoteAddress ?? '') };
    // On node's own response, as helmet's headers are, so that it is there even when the connection breaks before fastify answers.
    reply.raw.setHeader('x-request-id', request.id);
    const traceparent = traceparentOf(request.headers);
    if (traceparent !== undefined) reply.raw.setHeader('traceparent', traceparent);
    done();
  });
  await app.register(helmet, securityHeaders(settings.listen.tls !== undefined));
  app.addHook('onRequest', (request, _reply, done) => {
    if (!isPreflight(request)) return done();
    requireOneHost(request);
    countRead(request).then(() => done(), done);
  });
  await addCors(app, sites, known);
  app.addHook('onRequest', async (request, reply) => {
    requireOneHost(request);
    if (isPreflight(request)) return;
    const { limit } = request.routeOptions.config;
    refuseShed(request);
    if (limit === 'partner-reads') return countPartnerRead(request);
    if (limit) return countOpen(limit, request, reply);
    if (request.is404 || request.method !== 'POST') {
      await countRead(request);
      if (request.is404) throw notFound(known(request.url));
      return;
    }
    await countAttempt(request);
  });
  app.addHook('onSend', ({ requester }, reply, _payload, done) => {
    if (requester?.usage) reply.headers(usageHeaders(requester.usage));
    done();
  });

  /** @throws Problem `overloaded` */
  function refuseShed({ raw, requester }: FastifyRequest): void {
    const retryAfter = shed(raw);
    if (retryAfter === undefined) return;
    requester.shed = true;
    throw new Problem('overloaded', { headers: { 'retry-after': retryAfter } });
  }

  async function countRead(request: FastifyRequest): Promise<void> {
    holdToLimit(request.requester, await limits.reads(request));
  }

  /** Guesses of a key are counted by address. */
  async function countPartnerRead(request: FastifyRequest): Promise<void> {
    try {
      identifyPartner(request);
    } finally {
      await countRead(request);
    }
  }

  function identifyPartner({ requester, headers: { authorization } }: FastifyRequest): void {
    if (authorization === undefined) return;
    requester.partner = partnerCheck()(authorization);
    if (hasTestKey(authorization)) requester.test = true;
  }

  /** Connections that sent a health check before. */
  const checked = new WeakSet<Socket>();

  /**
   * An orchestrator may share its address with a flood (behind address translation, or a proxy that is not trusted) and must not
   * take this for death: the first health check of a connection is always answered, and a refused one ends its connection,
   * so that no two in a row are refused.
   */
  async function countOpen(limit: 'health' | 'files', request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { socket } = request.raw;
    const first = !checked.has(socket);
    const usage = await limits[limit](request);
    if (limit === 'health') {
      checked.add(socket);
      if (first || !usage.exceeded) return;
      reply.raw.shouldKeepAlive = false;
    }
    if (usage.exceeded) holdToLimit(request.requester, usage);
  }

  async function countAttempt(request: FastifyRequest): Promise<void> {
    try {
      identifyPartner(request);
    } finally {
      // Also where the key is wrong: guesses are counted by address.
      const usage = await limits.attempts(request);
      if (usage.exceeded) holdToLimit(request.requester, usage);
    }
  }
  return limits;
}

/** @throws Problem `bad_request`, see `hostMistake` */
function requireOneHost({ raw }: FastifyRequest): void {
  const detail = hostMistake(raw);
  if (detail !== undefined) throw new Problem('bad_request', { detail });
}

/** 405 where the path takes other methods, else 404. */
function notFound(methods: readonly string[]): Problem {
  return methods.length === 0
    ? new Problem('not_found')
    : new Problem('method_not_allowed', { headers: { allow: methods.join(', ') } });
}

type LogDeps = {
  readonly logger: Logger;
  readonly guard: Guard;
  readonly sites: Sites;
  /** Called once for each request that was answered with a problem, but for tests. */
  readonly onProblem: (code: ProblemCode) => void;
  /** Called for a request of a page whose origin the site does not list, but for test sites. */
  readonly onRefusedOrigin?: ((site: string, origin: string) => void) | undefined;
  /** Called after each complete answer, but for tests. */
  readonly onAnswer?: ((route: string, status: number, durationMs: number) => void) | undefined;
};

/** Refusals that a wrong configuration causes, too: their lines say which page was refused at which site. */
const SAY_ORIGIN: ReadonlySet<string | undefined> = new Set<ProblemCode>(['origin_not_allowed', 'target_not_allowed']);

/**
 * One line a request, of these fields only, when its answer is complete or cannot be any more. The URL is not among them:
 * a conversation's id in it is a capability. `aborted` marks a client that disconnected before it was answered; fastify's own
 * hooks miss one that leaves while its handler works.
 */
export function logRequests(
  app: FastifyInstance,
  { logger, guard, sites, onProblem, onRefusedOrigin, onAnswer }: LogDeps,
): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { raw } = reply;
    const startedAt = performance.now();
    const end = (finished: boolean): void => {
      raw.off('finish', onFinish);
      raw.off('close', onClose);
      const elapsedMs = performance.now() - startedAt;
      const { problem } = request.requester;
      const counted = finished && !isTest(request);
      if (counted && problem) onProblem(problem);
      if (counted) onAnswer?.(request.routeOptions.url ?? 'unknown', reply.statusCode, elapsedMs);
      const page = refusedPage(request, sites);
      if (problem === 'origin_not_allowed' && page.site !== undefined && page.origin?.startsWith('http')) {
        if (!sites.get(page.site)?.test) onRefusedOrigin?.(page.site, page.origin);
      }
      // A line each would cost more than the refusal; `overloaded` counts them.
      if (request.requester.shed) return;
      const line = { ...logFields(request, elapsedMs), ...page };
      if (finished) logger.info({ ...line, status: reply.statusCode }, 'request');
      // `createWireErrorHandler` has answered and logged a request whose connection the gateway ended.
      else if (!request.raw.socket.writableEnded) logger.info({ ...line, aborted: true }, 'request');
    };
    const onFinish = guard(() => end(true));
    const onClose = guard(() => end(false));
    raw.on('finish', onFinish);
    raw.on('close', onClose);
    done();
  });
}

/** Whether a request is a partner's test, or for a test site, as far as it was read. */
function isTest({ requester: { test, site } }: FastifyRequest): boolean {
  return test === true || site?.test === true;
}

function logFields(request: FastifyRequest, elapsedMs: number): Record<string, unknown> {
  const { id, method, headers, routeOptions, requester } = request;
  return {
    event: 'request',
    requestId: id,
    traceparent: traceparentOf(headers),
    method,
    route: routeOptions.url,
    ms: Math.round(elapsedMs * 10) / 10,
    code: requester.problem,
    site: requester.site?.key,
    partner: requester.partner?.id,
    test: isTest(request) || undefined,
  };
}

/** The site that a refused page asked for, where it is configured, and the page's origin; neither is about a person. */
function refusedPage({ requester, url, body, headers }: FastifyRequest, sites: Sites): RefusedPage {
  if (!SAY_ORIGIN.has(requester.problem)) return {};
  const key = siteKeyInPath(url) ?? siteKeyInBody(body);
  const site = requester.site ?? (key === undefined ? undefined : sites.get(key));
  return { site: site?.key, origin: loggedOrigin(claimedOrigin(headers)), proxyLacks: requester.proxyLacks };
}

type RefusedPage = {
  readonly site?: string | undefined;
  readonly origin?: string;
  readonly proxyLacks?: Requester['proxyLacks'] | undefined;
};
