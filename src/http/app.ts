import type { RequestListener } from 'node:http';
import type { Server } from 'node:tls';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { NO_STORED_SITES, type StoredSites } from '../domain/site.ts';
import type { Submit } from '../leads/submit.ts';
import { systemClock } from '../lib/clock.ts';
import {
  CONNECTION_LIMITS,
  type ConnectionLimits,
  createConnections,
  endConnectionsOnClose,
} from '../lib/connections.ts';
import { requestIdOf } from '../lib/request.ts';
import { SCHEMA_COMPILERS } from '../lib/schema-compilers.ts';
import { createSites } from './access.ts';
import { knownPaths, readVersionedTarget } from './answers.ts';
import { drainBeforeAnswer, readBodiesAsJson } from './body.ts';
import { createErrorHandler, createRefuseExpectation, createWireErrorHandler, sendProblem } from './error-handler.ts';
import { createProxyTest, warnOfUntrustedProxy } from './limits/address.ts';
import type { SharedCounts } from './limits/shared-counts.ts';
import { type LoadShedder, shedRequests } from './load-shedder.ts';
import { addOpenApi } from './openapi.ts';
import { Problem, type ProblemCode } from './problems.ts';
import { addRequestHooks, type HookSettings, logRequests } from './request-hooks.ts';
import { type ConversationDeps, conversationRoutes } from './routes/conversations.ts';
import { docsRoutes } from './routes/docs.ts';
import { type FileDeps, fileRoutes } from './routes/files.ts';
import { formPostRoutes, siteFormRoutes } from './routes/forms.ts';
import { healthRoutes, type Readiness } from './routes/health.ts';
import { type PartnerListDeps, partnerListRoutes } from './routes/partner-list.ts';
import { reconciliationRoutes } from './routes/reconciliation.ts';
import { textPageRoutes } from './routes/text-page.ts';
import type { FormGuard } from './screening/form-guard.ts';
import { createTakeLead } from './take-lead.ts';
import { readKeyPair, renewCertificate } from './tls.ts';
import { announceDeprecations, DEPRECATIONS, type Deprecation } from './versions.ts';

/** The settings of the public listener. */
export type AppSettings = HookSettings & {
  /** Largest number of open connections. */
  readonly maxConnections: number;
  /** CIDR blocks of the proxies whose `X-Forwarded-For` is used. */
  readonly trustProxy: readonly string[];
  /** How long a request waits for the first attempt, in milliseconds. */
  readonly deliverWaitMs: number;
};

export type AppDeps = {
  readonly settings: AppSettings;
  /** The sites that are not in the settings. */
  readonly storedSites?: StoredSites;
  readonly submit: Submit;
  readonly find: ConversationDeps['find'];
  readonly partnerList: PartnerListDeps;
  readonly isReady: () => Promise<Readiness>;
  readonly guard: FormGuard;
  /** Counts requests over all replicas; absent where each process counts alone. */
  readonly sharedCounts?: SharedCounts;
  /** Refuses requests while there is too much to do; none without it. */
  readonly shedder?: Pick<LoadShedder, 'arrive'>;
  /** Adds hooks that every request passes first, such as those of traces. */
  readonly addFirstHooks?: (app: FastifyInstance) => void;
  readonly files: FileDeps;
  readonly logger: Logger;
  /** Called once for each request that was answered with a problem. */
  readonly onProblem?: (code: ProblemCode) => void;
  /** Called for each request of a page whose origin the site does not list; both are configured or valid names. */
  readonly onRefusedOrigin?: (site: string, origin: string) => void;
  /** Called after each complete answer with its route, its status and its duration in milliseconds. */
  readonly onAnswer?: (route: string, status: number, durationMs: number) => void;
  /** Of this program, for the OpenAPI document. */
  readonly version: string;
  /** The deprecated parts of the API. */
  readonly deprecations?: readonly Deprecation[];
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Milliseconds that never jump, for limits; by default `now`, where that is given. */
  readonly monotonic?: () => number;
  readonly timeouts?: Timeouts;
  /** The limits of one connection; the number of connections is a setting. */
  readonly connectionLimits?: Omit<ConnectionLimits, 'connections'>;
};

/** Bounds on one request, in milliseconds. */
export type Timeouts = {
  readonly headersMs: number;
  readonly requestMs: number;
  /** For a handler, beyond the time that the settings allow for the provider. */
  readonly handlerMs: number;
  /** How often node looks for connections that are over their time. */
  readonly checkIntervalMs: number;
};

/** Node's and fastify's own are off or minutes long. With the default wait of 4 s a handler has 15 s. */
const TIMEOUTS: Timeouts = { headersMs: 5_000, requestMs: 10_000, handlerMs: 11_000, checkIntervalMs: 1_000 };

const BODY_LIMIT = 64 * 1024;

/** Twice Node's own: a gateway on the shop's own host gets the cookies of everything on that host, 20 KiB and more. */
const HEADERS_LIMIT = 32 * 1024;

/** Longer than any URL that node's header limit lets through: the router itself shall refuse none. */
const ANY_LENGTH = 64 * 1024;

/** Builds the public HTTP side, ready to listen or to be injected into; it knows no process, port or signal. */
export async function buildApp(deps: AppDeps): Promise<FastifyInstance> {
  const { settings, logger, now = Date.now, timeouts = TIMEOUTS, connectionLimits = CONNECTION_LIMITS } = deps;
  const { onProblem = () => undefined } = deps;
  const { tls } = settings.listen;
  const connections = createConnections({
    limits: { ...connectionLimits, connections: settings.maxConnections },
    options: {
      headersTimeout: timeouts.headersMs,
      requestTimeout: timeouts.requestMs,
      connectionsCheckingInterval: timeouts.checkIntervalMs,
      maxHeaderSize: HEADERS_LIMIT,
      // Checked by the request hooks instead, which answers it with a problem.
      requireHostHeader: false,
    },
    ...(tls && { tls: await readKeyPair(tls) }),
    refuseExpectation: createRefuseExpectation(logger, onProblem),
    logger,
  });
  const shedding =
    deps.shedder &&
    shedRequests(deps.shedder, {
      open: connections.open,
      onShed: () => onProblem('overloaded'),
    });
  const app = Fastify({
    serverFactory: (handler: RequestListener) => connections.serverFactory(shedding?.before(handler) ?? handler),
    bodyLimit: BODY_LIMIT,
    genReqId: requestIdOf,
    requestIdHeader: false,
    // Fastify's own lines would hold URLs and messages that quote requests; we write our own, by an allow-list.
    logger: false,
    ...(settings.trustProxy.length > 0 && { trustProxy: createProxyTest(settings.trustProxy) }),
    return503OnClosing: false,
    routerOptions: { maxParamLength: ANY_LENGTH },
    rewriteUrl: readVersionedTarget,
    clientErrorHandler: connections.guard(createWireErrorHandler({ logger, guard: connections.guard, onProblem })),
    schemaController: { compilersFactory: SCHEMA_COMPILERS },
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        allErrors: false,
        allowUnionTypes: true,
        // Compiling the meta-schema takes 60 ms at every start. The linter in the tests checks our schemas.
        validateSchema: false,
        // Errors then hold the failed schema and value, of which the answer tells types and bounds only.
        verbose: true,
      },
    },
  } as object) as FastifyInstance;

  readBodiesAsJson(app);
  const sites = createSites(settings, deps.storedSites ?? NO_STORED_SITES);
  deps.addFirstHooks?.(app);
  app.setErrorHandler(createErrorHandler(logger));
  const { onRefusedOrigin, onAnswer } = deps;
  logRequests(app, { logger, guard: connections.guard, sites, onProblem, onRefusedOrigin, onAnswer });
  drainBeforeAnswer(app);
  endConnectionsOnClose(app, connections);

  const known = knownPaths(app);
  warnOfUntrustedProxy(app, logger);
  // Windows of limits must not last longer when the wall clock is set back.
  const { monotonic = deps.now ?? systemClock.monotonic, sharedCounts } = deps;
  const limits = await addRequestHooks(app, settings, known, {
    monotonic,
    sharedCounts,
    sites,
    shed: shedding?.retryAfter ?? (() => undefined),
  });
  app.setNotFoundHandler((request, reply) => {
    // The request hooks have refused every path without a route. This handler gets unknown files of the reference, and OPTIONS
    // requests that CORS did not answer, which are no error on a known path.
    const methods = request.method === 'OPTIONS' ? known(request.url) : [];
    if (methods.length === 0) return sendProblem(request, reply, new Problem('not_found'));
    return reply.code(204).header('allow', methods.join(', ')).send();
  });
  const { version, deprecations = DEPRECATIONS } = deps;
  await addOpenApi(app, { version, deprecations });
  announceDeprecations(app, deprecations);
  const takeLead = createTakeLead({ ...deps, sites, limits, waitMs: settings.deliverWaitMs + timeouts.handlerMs });
  await app.register(conversationRoutes, { takeLead, find: deps.find, now });
  await app.register(partnerListRoutes, deps.partnerList);
  await app.register(reconciliationRoutes, { listOfPartner: deps.partnerList.listOfPartner, now });
  await app.register(formPostRoutes, { takeLead, logger });
  await app.register(siteFormRoutes, { sites, guard: deps.guard, now });
  await app.register(textPageRoutes, { sites, guard: deps.guard, takeLead, logger, now });
  await app.register(fileRoutes, deps.files);
  await app.register(healthRoutes, deps);
  await app.register(docsRoutes);
  if (tls) {
    const stop = renewCertificate(tls, app.server as unknown as Server, logger);
    app.addHook('onClose', async () => stop());
  }
  await app.ready();
  return app;
}
