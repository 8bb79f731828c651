import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { PartnerRecords } from '../../domain/ports/lead-records.ts';
import { CONNECTION_LIMITS, createConnections, endConnectionsOnClose } from '../../lib/connections.ts';
import { hostMistake, readTarget, requestIdOf } from '../../lib/request.ts';
import { SCHEMA_COMPILERS } from '../../lib/schema-compilers.ts';
import { BASE } from '../console/layout.ts';
import { type ConsoleDeps, consoleRoutes } from '../console/routes.ts';
import type { Metrics } from '../metrics.ts';
import type { EntryOperations } from '../operations/entries.ts';
import type { Operations } from '../operations/operations.ts';
import { createAccess, type Tokens } from './access.ts';
import { entryRoutes } from './entry-routes.ts';
import { addAdminOpenApi } from './openapi.ts';
import { AdminProblem, createErrorHandler, sendProblem } from './problem.ts';
import { type FindPartner, reconciliationRoutes } from './reconciliation-routes.ts';
import { checkRole, isConsolePath, type Principal, requireRoles } from './roles.ts';
import { leadRoutes, type RunningState, recordRoutes, stateRoutes } from './routes.ts';

const BODY_LIMIT = 64 * 1024;
/** Shorter than on the public side: operators are few and on a near network. */
const REQUEST_TIMEOUT_MS = 10_000;
const HEADERS_TIMEOUT_MS = 5_000;
const CHECK_INTERVAL_MS = 1_000;
const MAX_CONNECTIONS = 200;
/** Longer than any request target that Node reads. */
const ANY_LENGTH = 1_000_000;

export type AdminDeps = {
  readonly operations: Operations;
  readonly entries: EntryOperations;
  /** Absent in the demo, whose listener has only the console. */
  readonly metrics?: Pick<Metrics, 'contentType' | 'render'> | undefined;
  readonly tokens: Tokens;
  /** Of this program, for the OpenAPI document. */
  readonly version: string;
  /** Finds a partner of the configuration file or the store. */
  readonly findPartner: FindPartner;
  readonly listOfPartner: PartnerRecords['listOfPartner'];
  readonly state: RunningState;
  /** What the console needs beside the operations. */
  readonly console: Pick<ConsoleDeps, 'activity' | 'configuration' | 'database' | 'sessionKey' | 'sites'> & {
    /** In the demo on loopback everybody is this operator of the console. */
    readonly open?: Principal;
  };
  readonly logger: Logger;
  /** Milliseconds that never jump; for the limit of wrong tokens. */
  readonly monotonic?: () => number;
  /** Milliseconds since the epoch; for the expiry of tokens. */
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
  const { operations, metrics, tokens, state, logger, monotonic = () => performance.now(), now = Date.now } = deps;
  const connections = createConnections({
    limits: { ...CONNECTION_LIMITS, connections: MAX_CONNECTIONS },
    options: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      // A request without the header is answered by our hook, which first checks its token.
      requireHostHeader: false,
    },
    handlerExpects: true,
    logger,
  });
  const app = Fastify({
    serverFactory: connections.serverFactory,
    bodyLimit: BODY_LIMIT,
    genReqId: requestIdOf,
    requestIdHeader: false,
    // Fastify's own log lines hold addresses, and a conversation's id in an address grants access to it.
    logger: false,
    // All that follows sends every request through our hook: what the router or Node answers by itself is answered without a token.
    return503OnClosing: false,
    routerOptions: { maxParamLength: ANY_LENGTH },
    rewriteUrl: readTarget,
    clientErrorHandler: connections.guard((_error: Error, socket: Socket) => void socket.destroy()),
    schemaController: { compilersFactory: SCHEMA_COMPILERS },
    ajv: {
      customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false },
    },
  });

  const access = await createAccess(app, tokens, monotonic, now);
  const principals = new WeakMap<FastifyRequest, Principal>();
  const actorOf = (request: FastifyRequest): string => principals.get(request)?.name ?? '';
  endConnectionsOnClose(app, connections);
  app.removeContentTypeParser('text/plain');
  app.setErrorHandler(createErrorHandler(logger));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(request, reply, new AdminProblem(404, 'not_found', 'GET /openapi.json lists the routes.')),
  );
  // Runs for unknown routes too, so that a request without a token cannot find out which routes exist.
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS);
    const wrongHost = hostMistake(request.raw);
    if (isConsolePath(request.url)) {
      if (wrongHost !== undefined) throw new AdminProblem(400, 'bad_request', wrongHost);
      return;
    }
    const principal = await access.check(request);
    principals.set(request, principal);
    checkRole(request, principal);
    if (wrongHost !== undefined) throw new AdminProblem(400, 'bad_request', wrongHost);
    answerExpectation(request, reply);
  });
  app.addHook('onResponse', async (request, reply) => {
    logger.info(
      {
        ...lineOf(request),
        operator: principals.get(request)?.name,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      'admin',
    );
  });

  requireRoles(app);
  await addAdminOpenApi(app, deps.version);
  if (metrics)
    app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.render()));
  leadRoutes(app, operations, actorOf);
  recordRoutes(app, operations, actorOf);
  stateRoutes(app, state, operations, actorOf);
  reconciliationRoutes(app, { ...deps, now });
  await app.register(entryRoutes, { entries: deps.entries, actorOf });
  const { open, ...consoleDeps } = deps.console;
  await app.register(consoleRoutes, {
    prefix: BASE,
    ...consoleDeps,
    access: { logIn: access.logIn, resume: access.resume, ...(open && { open }) },
    operations,
    entries: deps.entries,
    state,
    note: (request: FastifyRequest, principal: Principal) => principals.set(request, principal),
    onFault: (err: unknown, { id }: FastifyRequest) =>
      logger.error({ event: 'admin_fault', requestId: id, err }, 'admin fault'),
    now,
  });
  return app;
}

/** The body may come now that the token is known to be valid; no other expectation is met (RFC 9110, section 10.1.1). */
function answerExpectation({ headers: { expect } }: FastifyRequest, reply: FastifyReply): void {
  if (expect === undefined) return;
  if (expect.toLowerCase() !== '100-continue')
    throw new AdminProblem(417, 'expectation_failed', 'Leave out Expect, or send 100-continue.');
  reply.raw.writeContinue();
}

/** Gives the log fields of a request: its route, never its address. */
function lineOf({ id, method, routeOptions }: FastifyRequest): Record<string, unknown> {
  return { event: 'admin', requestId: id, method, route: routeOptions.url };
}
