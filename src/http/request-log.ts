import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Site } from '../domain/site.ts';
import type { Guard } from '../lib/guard.ts';
import { traceparentOf } from '../lib/request-id.ts';
import { siteInBody, siteInPath } from './named-site.ts';
import { claimedOrigin, loggedOrigin } from './page-origin.ts';
import type { ProblemCode } from './problem-codes.ts';
import type { Requester } from './requester.ts';

type Deps = {
  readonly logger: Logger;
  readonly guard: Guard;
  readonly sites: () => ReadonlyMap<string, Site>;
  /** Called once for each request that was answered with a problem. */
  readonly onProblem: (code: ProblemCode) => void;
  /** Called after each complete answer. */
  readonly onAnswer?: ((route: string, status: number, durationMs: number) => void) | undefined;
};

/** Refusals that a wrong configuration causes, too: their lines say which page was refused at which site. */
const SAY_ORIGIN: ReadonlySet<string | undefined> = new Set<ProblemCode>(['origin_not_allowed', 'target_not_allowed']);

/**
 * One line a request, of these fields only, when its answer is complete or cannot be any more. The URL is not among them:
 * a conversation's id in it is a capability. `aborted` marks a client that disconnected before it was answered; fastify's own
 * hooks miss one that leaves while its handler works.
 */
export function logRequests(app: FastifyInstance, { logger, guard, sites, onProblem, onAnswer }: Deps): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { raw } = reply;
    const startedAt = performance.now();
    const end = (finished: boolean): void => {
      raw.off('finish', onFinish);
      raw.off('close', onClose);
      const elapsedMs = performance.now() - startedAt;
      const { problem } = request.requester;
      if (finished && problem) onProblem(problem);
      if (finished) onAnswer?.(request.routeOptions.url ?? 'unknown', reply.statusCode, elapsedMs);
      const line = { ...fields(request, elapsedMs), ...refusedPage(request, sites()) };
      if (finished) logger.info({ ...line, status: reply.statusCode }, 'request');
      // A connection that we ended ourselves was answered, and logged, below fastify (`wire-errors.ts`).
      else if (!request.raw.socket.writableEnded) logger.info({ ...line, aborted: true }, 'request');
    };
    const onFinish = guard(() => end(true));
    const onClose = guard(() => end(false));
    raw.on('finish', onFinish);
    raw.on('close', onClose);
    done();
  });
}

function fields(request: FastifyRequest, elapsedMs: number): Record<string, unknown> {
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
  };
}

/** The site that a refused page asked for, where it is configured, and the page's origin; neither is about a person. */
function refusedPage({ requester, url, body, headers }: FastifyRequest, sites: ReadonlyMap<string, Site>): RefusedPage {
  if (!SAY_ORIGIN.has(requester.problem)) return {};
  const site = requester.site ?? siteInPath(url, sites) ?? siteInBody(body, sites);
  return { site: site?.key, origin: loggedOrigin(claimedOrigin(headers)), proxyLacks: requester.proxyLacks };
}

type RefusedPage = {
  readonly site?: string | undefined;
  readonly origin?: string;
  readonly proxyLacks?: Requester['proxyLacks'] | undefined;
};
