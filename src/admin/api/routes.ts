import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ReplicaState } from '../../domain/ports/activity-store.ts';
import type { Operations } from '../operations/operations.ts';
import type { SendAction } from '../operations/selection.ts';
import { isoTime } from '../operations/views.ts';
import { AdminProblem } from './problem.ts';
import {
  CONSENTS_QUERY,
  type ConsentsQuery,
  DEFAULT_LIMIT,
  ERASE_BODY,
  type EraseBody,
  ID_PARAMS,
  type IdParams,
  LEADS_QUERY,
  type LeadsQuery,
  NUMBER_BODY,
  type NumberBody,
  PAGE_QUERY,
  type PageQuery,
  PROVIDER_PARAMS,
  type ProviderParams,
  pageOf,
  REVEAL_QUERY,
  type RevealQuery,
  SEARCH_BODY,
  SEND_BODY,
  SEND_MAX,
  type SearchBody,
  type SendBody,
  STATS_QUERY,
  type StatsQuery,
  wordsOf,
} from './schemas.ts';

/** The name of the sender of a request, for audit entries. */
export type ActorOf = (request: FastifyRequest) => string;

/** Registers the routes that list, show, send and erase leads. */
export function leadRoutes(app: FastifyInstance, operations: Operations, actorOf: ActorOf): void {
  app.get<{ Querystring: LeadsQuery }>('/leads', { schema: { querystring: LEADS_QUERY } }, (request) => {
    const { status, cause, limit, after, ...rest } = request.query;
    const filter = { ...rest, ...wordsOf('status', status), ...wordsOf('cause', cause) };
    return operations.listLeads(filter, pageOf({ limit, after }), actorOf(request));
  });

  app.post<{ Body: SearchBody }>('/leads/search', { schema: { body: SEARCH_BODY } }, (request) => {
    const { limit = DEFAULT_LIMIT, after, ...filter } = request.body;
    return operations.listLeads(filter, { limit, ...(after !== undefined && { after }) }, actorOf(request));
  });

  app.get<{ Params: IdParams; Querystring: RevealQuery }>(
    '/leads/:id',
    { schema: { params: ID_PARAMS, querystring: REVEAL_QUERY } },
    (request) => {
      const { params, query } = request;
      return operations.showLead(params.id, { actor: actorOf(request), reveal: query.reveal === 'true' });
    },
  );

  const send = (action: SendAction) =>
    app.post<{ Body: SendBody }>(`/leads/${action}`, { schema: { body: SEND_BODY } }, async (request) => {
      const { dryRun = false, limit = SEND_MAX, ...query } = request.body;
      const actor = actorOf(request);
      const selection = await operations.selectLeads(action, query, { actor, max: limit });
      const { ids, byStatus, bySite, byProvider, waiting, mayHaveArrived, skipped, missing, more } = selection;
      const queued = dryRun ? 0 : await operations.sendLeads(selection, { actor });
      const counts = {
        matched: ids.length,
        byStatus,
        bySite,
        byProvider,
        waiting,
        mayHaveArrived,
        skipped,
        missing,
        more,
      };
      return { action, dryRun, ...counts, queued };
    });
  send('replay');
  send('release');
  send('retry');

  app.post<{ Body: EraseBody }>('/leads/erase', { schema: { body: ERASE_BODY } }, (request) => {
    const { suppress = false, ...number } = request.body;
    return operations.erase(number, { actor: actorOf(request), suppress });
  });
}

/** Registers the routes of suppressed numbers, consents, statistics and the audit. */
export function recordRoutes(app: FastifyInstance, operations: Operations, actorOf: ActorOf): void {
  app.get<{ Querystring: PageQuery }>('/suppressions', { schema: { querystring: PAGE_QUERY } }, ({ query }) =>
    operations.suppressions(pageOf(query)),
  );
  app.post<{ Body: NumberBody }>('/suppressions', { schema: { body: NUMBER_BODY } }, async (request) => ({
    suppressed: true,
    changed: await operations.suppress(request.body, actorOf(request)),
  }));
  app.delete<{ Body: NumberBody }>('/suppressions', { schema: { body: NUMBER_BODY } }, async (request) => ({
    suppressed: false,
    changed: await operations.unsuppress(request.body, actorOf(request)),
  }));

  app.get<{ Querystring: ConsentsQuery }>('/consents', { schema: { querystring: CONSENTS_QUERY } }, (request) => {
    const { limit, after, ...filter } = request.query;
    return operations.consents(filter, pageOf({ limit, after }), actorOf(request));
  });
  app.get<{ Querystring: StatsQuery }>('/stats', { schema: { querystring: STATS_QUERY } }, async ({ query: { by } }) =>
    by === undefined ? operations.stats() : { items: await operations.tallies(by.split(',')) },
  );
  app.get('/stats/waiting', async () => ({ items: await operations.waiting() }));
  app.get<{ Querystring: PageQuery }>('/audit', { schema: { querystring: PAGE_QUERY } }, ({ query }) =>
    operations.audit(pageOf(query)),
  );
}

/** The messages that wait for a receiver outside, and its last results. */
type ReceiverState = {
  readonly waiting: number;
  readonly deliveredAt?: number;
  readonly failedAt?: number;
  readonly failure?: string;
};

function receiverOf({ waiting, deliveredAt, failedAt, failure }: ReceiverState) {
  return {
    waiting,
    ...(deliveredAt !== undefined && { deliveredAt: isoTime(deliveredAt) }),
    ...(failedAt !== undefined && { failedAt: isoTime(failedAt), failure }),
  };
}

/** State of the running process that operators may see. Times are milliseconds since the epoch. */
export interface RunningState {
  /** Lists every provider account, with `parkedAt` and `probeAt` while it is parked. */
  providers(): Promise<
    readonly {
      id: string;
      region: string;
      endpoint: string;
      /** Leads that the provider refused in a row, in this process. */
      refusedInARow: number;
      parkedAt?: number;
      probeAt?: number;
    }[]
  >;
  /** Gives the circuit breakers of the endpoints that were called since the start. */
  breakers(): ReadonlyMap<string, 'closed' | 'half_open' | 'open'>;
  /** Gives the new settings that were refused, with the first of their mistakes; `undefined` while the files are valid. */
  refusedSettings(): { since: number; mistakes: number; problems: readonly string[] } | undefined;
  /** Lists the running processes, as they last described themselves. */
  replicas(): Promise<readonly ReplicaState[]>;
  /** Lists every target of notifications. */
  notified(): Promise<readonly (ReceiverState & { readonly target: string; readonly kind: string })[]>;
  /** Lists every receiver of callbacks, by its destination. */
  callbacks(): Promise<readonly (ReceiverState & { readonly destination: string })[]>;
  /** Releases a parked provider account. */
  releaseProvider(id: string): Promise<void>;
}

function settingsOf(refused: ReturnType<RunningState['refusedSettings']>) {
  return refused ? { refused: true, ...refused, since: isoTime(refused.since) } : { refused: false };
}

/** Registers the routes that show settings, provider accounts and circuit breakers, and release a parked account. */
export function stateRoutes(app: FastifyInstance, state: RunningState, operations: Operations, actorOf: ActorOf): void {
  app.get('/state', async () => ({
    providers: (await state.providers()).map(({ id, region, endpoint, refusedInARow, parkedAt, probeAt }) => ({
      id,
      region,
      endpoint,
      refusedInARow,
      parked: parkedAt !== undefined,
      ...(parkedAt !== undefined && { parkedAt: isoTime(parkedAt) }),
      ...(probeAt !== undefined && { probeAt: isoTime(probeAt) }),
    })),
    settings: settingsOf(state.refusedSettings()),
    breakers: [...state.breakers()].map(([endpoint, breaker]) => ({ endpoint, state: breaker })),
    replicas: (await state.replicas()).map(({ startedAt, seenAt, ...replica }) => ({
      ...replica,
      startedAt: isoTime(startedAt),
      seenAt: isoTime(seenAt),
    })),
    notifications: (await state.notified()).map(({ target, kind, ...receiver }) => ({
      target,
      kind,
      ...receiverOf(receiver),
    })),
    callbacks: (await state.callbacks()).map(({ destination, ...receiver }) => ({
      destination,
      ...receiverOf(receiver),
    })),
  }));

  app.post<{ Params: ProviderParams }>(
    '/providers/:key/release',
    { schema: { params: PROVIDER_PARAMS } },
    async (request) => {
      const id = request.params.key;
      const provider = (await state.providers()).find((known) => known.id === id);
      if (!provider) throw new AdminProblem(404, 'not_found', 'There is no such provider account.');
      if (provider.parkedAt === undefined) return { id, released: false };
      await state.releaseProvider(id);
      await operations.providerReleased(id, actorOf(request));
      return { id, released: true };
    },
  );
}
