import type { Socket } from 'node:net';
import cors from '@fastify/cors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { derived } from '../lib/derived.ts';
import type { KnownPaths } from './known-paths.ts';
import { addressKey } from './limits/address.ts';
import { createLimits, type Limits } from './limits/limits.ts';
import type { SharedCounts } from './limits/shared-counts.ts';
import { createPartnerCheck } from './partner-keys.ts';
import { Problem } from './problems.ts';
import { applyUsage } from './rate-headers.ts';
import type { Caller } from './requester.ts';
import { corsDelegate, securityHeaders } from './security.ts';
import type { AppSettings } from './settings.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A limit of the route's own; without it requests count as reads, or as leads where they are POSTs. */
    limit?: 'health' | 'files';
  }
}

/** Whom the intake knows, and what it allows them. */
type IntakeSettings = Pick<AppSettings, 'listen' | 'visitorRate' | 'sites' | 'partners'>;

/** How callers are counted. `now` gives milliseconds since the epoch; without `sharedCounts` this process counts alone. */
type Counting = { readonly now: () => number; readonly sharedCounts?: SharedCounts | undefined };

/**
 * What every request passes before its route, in this order: identity, security headers, the limit of preflights (which
 * CORS answers by itself), CORS (so that even a 429 can be read by a page), then keys, limits and 404s. All of it runs
 * before a byte of the body is read.
 *
 * @returns the limits, for routes that count by what is in the body
 */
export async function addIntake(
  app: FastifyInstance,
  settings: IntakeSettings,
  known: KnownPaths,
  { sharedCounts, now }: Counting,
): Promise<Limits> {
  const partnerCheck = derived(() => settings.partners, createPartnerCheck);
  const preflight = (request: FastifyRequest): boolean => request.method === 'OPTIONS';

  const limits = createLimits(now, () => settings.visitorRate, sharedCounts);

  app.decorateRequest('caller', null as unknown as Caller);
  const secure = [...securityHeaders(settings.listen.tls !== undefined)];
  app.addHook('onRequest', (request, reply, done) => {
    request.caller = { address: addressKey(request.ip, request.socket.remoteAddress ?? '') };
    // On node's own response, so that they are there even when the connection breaks before fastify answers.
    reply.raw.setHeader('x-request-id', request.id);
    for (const [name, value] of secure) reply.raw.setHeader(name, value);
    done();
  });
  app.addHook('onRequest', (request, reply, done) => {
    if (preflight(request)) countRead(request, reply).then(() => done(), done);
    else done();
  });
  await app.register(cors, { delegator: corsDelegate(() => settings.sites, known) });
  app.addHook('onRequest', async (request, reply) => {
    if (request.raw.httpVersion === '1.1' && request.headers.host === undefined) throw new Problem('bad_request');
    if (preflight(request)) return;
    const { limit } = request.routeOptions.config;
    if (limit) return countOpen(limit, request, reply);
    if (request.is404 || request.method !== 'POST') {
      await countRead(request, reply);
      if (request.is404) throw notFound(known(request.url));
      return;
    }
    await countAttempt(request, reply);
  });

  async function countRead(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    applyUsage(reply, await limits.reads(request));
  }

  /** Connections that asked for health before. */
  const asked = new WeakSet<Socket>();

  /**
   * An orchestrator may share its address with a flood (behind address translation, or a proxy that is not trusted) and must not
   * take this for death: the first health check of a connection is always answered, and a refused one ends its connection,
   * so that no two in a row are refused.
   */
  async function countOpen(limit: 'health' | 'files', request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { socket } = request.raw;
    const first = !asked.has(socket);
    const usage = await limits[limit](request);
    if (limit === 'health') {
      asked.add(socket);
      if (first || !usage.exceeded) return;
      reply.raw.shouldKeepAlive = false;
    }
    if (usage.exceeded) applyUsage(reply, usage);
  }

  async function countAttempt(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { authorization } = request.headers;
    try {
      if (authorization !== undefined) request.caller.partner = partnerCheck()(authorization);
    } finally {
      // Also where the key is wrong: guesses are counted by address.
      const usage = await limits.attempts(request);
      if (usage.exceeded) applyUsage(reply, usage);
    }
  }
  return limits;
}

/** 405 where the path takes other methods, else 404. */
function notFound(methods: readonly string[]): Problem {
  return methods.length === 0
    ? new Problem('not_found')
    : new Problem('method_not_allowed', { headers: { allow: methods.join(', ') } });
}
