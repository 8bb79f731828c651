import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { CONNECTION_LIMITS, createConnections } from '../../lib/connections.ts';
import { endConnectionsOnClose } from '../../lib/graceful-shutdown.ts';
import type { Metrics } from '../metrics.ts';
import type { Operations } from '../operations/operations.ts';
import { createAccess } from './access.ts';
import { createErrorHandler } from './errors.ts';
import { leadRoutes } from './leads.ts';
import { AdminProblem, sendProblem } from './problem.ts';
import { recordRoutes } from './records.ts';
import { type RunningState, stateRoutes } from './state.ts';

const BODY_LIMIT = 64 * 1024;
/** Operators are few and near; what is slower than this hangs. */
const REQUEST_TIMEOUT_MS = 10_000;
const HEADERS_TIMEOUT_MS = 5_000;
const CHECK_INTERVAL_MS = 1_000;
const MAX_CONNECTIONS = 200;

export type AdminDeps = {
  readonly operations: Operations;
  readonly metrics: Pick<Metrics, 'contentType' | 'render'>;
  /** Opens everything. */
  readonly token: string;
  /** Opens `/metrics` alone. */
  readonly metricsToken?: string;
  readonly state: RunningState;
  readonly logger: Logger;
  /** Milliseconds since the epoch; for the pause after wrong tokens. */
  readonly now?: () => number;
};

/** Builds the operators' listener, ready to listen or to be injected into. It is never part of the public one. */
export async function buildAdminApp(deps: AdminDeps): Promise<FastifyInstance> {
  const { operations, metrics, token, metricsToken, state, logger, now = Date.now } = deps;
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
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    // Fastify's own lines hold addresses, and an id in one is a capability.
    logger: false,
    ajv: {
      customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false },
    },
  });

  const tokens = { admin: token, ...(metricsToken !== undefined && { metrics: metricsToken }) };
  const access = await createAccess(app, tokens, now);
  endConnectionsOnClose(app, connections);
  app.removeContentTypeParser('text/plain');
  app.setErrorHandler(createErrorHandler(logger));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(request, reply, new AdminProblem(404, 'not_found', 'docs/operations.md lists what is here.')),
  );
  // Before routing is told apart, so that without a token nobody learns which paths exist.
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    if ((await access(request)) === 'metrics' && request.routeOptions.url !== '/metrics') {
      throw new AdminProblem(403, 'admin_token_required', 'The metrics token opens /metrics alone.');
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

/** What a log line holds of a request: its route and never its address. */
function lineOf({ id, method, routeOptions }: FastifyRequest): Record<string, unknown> {
  return { event: 'admin', requestId: id, method, route: routeOptions.url };
}
