import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { CONNECTION_LIMITS, createConnections, endConnectionsOnClose } from '../../lib/connections.ts';
import { requestIdOf } from '../../lib/request-id.ts';
import type { Metrics } from '../metrics.ts';
import type { Operations } from '../operations/operations.ts';
import { createAccess } from './access.ts';
import { createErrorHandler } from './errors.ts';
import { AdminProblem, sendProblem } from './problem.ts';
import { leadRoutes, type RunningState, recordRoutes, stateRoutes } from './routes.ts';

const BODY_LIMIT = 64 * 1024;
/** Shorter than on the public side: operators are few and on a near network. */
const REQUEST_TIMEOUT_MS = 10_000;
const HEADERS_TIMEOUT_MS = 5_000;
const CHECK_INTERVAL_MS = 1_000;
const MAX_CONNECTIONS = 200;

export type AdminDeps = {
  readonly operations: Operations;
  readonly metrics: Pick<Metrics, 'contentType' | 'render'>;
  /** Token for all routes. */
  readonly token: string;
  /** Token for `/metrics` only. */
  readonly metricsToken?: string;
  readonly state: RunningState;
  readonly logger: Logger;
  /** Milliseconds since the epoch; for the limit of wrong tokens. */
  readonly now?: () => number;
};

/** No answer of this listener may be kept, run, framed or read by another site's page. */
const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** Builds the operators' app; it does not listen yet. It is never part of the public listener. */
export async function buildAdminApp(deps: AdminDeps): Promise<FastifyInstance> {
  const { operations, metrics, token, metricsToken, state, logger } = deps;
  const connections = createConnections({
    limits: { ...CONNECTION_LIMITS, connections: MAX_CONNECTIONS },
    options: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
    },
    logger,
  });
  const app = Fastify({
    serverFactory: connections.serverFactory,
    bodyLimit: BODY_LIMIT,
    genReqId: ({ headers }) => requestIdOf(headers),
    requestIdHeader: false,
    // Fastify's own log lines hold addresses, and a conversation's id in an address grants access to it.
    logger: false,
    ajv: {
      customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false },
    },
  });

  const tokens = { admin: token, ...(metricsToken !== undefined && { metrics: metricsToken }) };
  const access = await createAccess(app, tokens, deps.now ?? (() => performance.now()));
  endConnectionsOnClose(app, connections);
  app.removeContentTypeParser('text/plain');
  app.setErrorHandler(createErrorHandler(logger));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(request, reply, new AdminProblem(404, 'not_found', 'docs/operations.md lists the routes.')),
  );
  // Runs for unknown routes too, so that a request without a token cannot find out which routes exist.
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    if ((await access(request)) === 'metrics' && request.routeOptions.url !== '/metrics') {
      throw new AdminProblem(403, 'admin_token_required', 'The metrics token opens /metrics only.');
    }
  });
  app.addHook('onResponse', async (request, reply) => {
    logger.info({ ...lineOf(request), status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'admin');
  });

  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.render()));
  leadRoutes(app, operations);
  recordRoutes(app, operations);
  stateRoutes(app, state, operations);
  return app;
}

/** Gives the log fields of a request: its route, never its address. */
function lineOf({ id, method, routeOptions }: FastifyRequest): Record<string, unknown> {
  return { event: 'admin', requestId: id, method, route: routeOptions.url };
}
