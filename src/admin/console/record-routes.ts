import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ActivityStore } from '../../domain/ports/activity-store.ts';
import { defined } from '../../lib/values.ts';
import { AdminProblem } from '../api/problem.ts';
import type { RunningState } from '../api/routes.ts';
import { readHealth } from '../health.ts';
import type { EntryOperations } from '../operations/entries.ts';
import type { Operations } from '../operations/operations.ts';
import { isoTime } from '../operations/views.ts';
import type { SiteNews } from '../site-news.ts';
import type { Gate, GateDeps } from './gate.ts';
import { BASE } from './layout.ts';
import { overview } from './overview.ts';
import {
  auditPage,
  type ConfigurationView,
  configurationPage,
  erasePreview,
  providersPage,
  runbookPage,
  suppressionsPage,
} from './pages.ts';
import { type Form, numberOf, onlyTexts } from './requests.ts';

export type ConsoleDeps = GateDeps & {
  readonly operations: Operations;
  readonly entries: EntryOperations;
  readonly state: RunningState;
  readonly activity: Pick<ActivityStore, 'activity'> & { ready(): Promise<void> };
  readonly configuration: () => ConfigurationView;
  /** What is to be told of sites. */
  readonly sites?: () => Promise<SiteNews>;
  /** Name of the storage, without a credential. */
  readonly database: string;
};

const PAGE_SIZE = 50;

/** The pages that are not about single leads: overview, providers, suppressions, audit, configuration and runbook. */
export function recordPages(app: FastifyInstance, { actorOf, formOf, show }: Gate, deps: ConsoleDeps): void {
  const { operations, state, now } = deps;

  app.get('/', async (request, reply) => {
    const providers = await state.providers();
    const facts = await readHealth({
      operations,
      activity: { activity: deps.activity.activity, replicas: state.replicas, ready: deps.activity.ready },
      parked: async () => providers.flatMap(({ id, parkedAt }) => (parkedAt === undefined ? [] : [{ id, parkedAt }])),
      endpoints: new Map(providers.map(({ id, endpoint }) => [id, endpoint])),
      sites: deps.sites,
      now: now(),
    });
    const content = overview({ ...facts, database: deps.database, ...formOf(request) });
    return show(request, reply, { title: 'Overview', at: '', live: true }, content);
  });
  app.get('/providers', async (request, reply) => {
    const providers = (await state.providers()).map(({ parkedAt, probeAt, ...provider }) => ({
      ...provider,
      parkedAt: parkedAt && isoTime(parkedAt),
      probeAt: probeAt && isoTime(probeAt),
    }));
    const content = providersPage(providers as never, state.breakers(), { ...formOf(request), now: now() });
    return show(request, reply, { title: 'Providers', at: '/providers', live: true }, content);
  });
  app.post<{ Params: { id: string } }>(
    '/providers/:id/release',
    { config: { console: 'operator' } },
    async (request, reply) => {
      const { id } = request.params;
      const provider = (await state.providers()).find((one) => one.id === id);
      if (!provider) throw new AdminProblem(404, 'not_found', 'There is no such provider account.');
      if (provider.parkedAt !== undefined) {
        await state.releaseProvider(id);
        await operations.providerReleased(id, actorOf(request));
      }
      return reply.redirect(`${BASE}/providers`, 303);
    },
  );
  app.get('/suppressions', async (request, reply) => suppressionList(request, reply));
  app.post('/suppressions/add', { config: { console: 'operator' } }, async (request, reply) => {
    const added = await operations.suppress(numberOf(request), actorOf(request));
    return suppressionList(request, reply, added ? 'The number is suppressed.' : 'The number was suppressed already.');
  });
  app.post('/suppressions/remove', { config: { console: 'operator' } }, async (request, reply) => {
    const removed = await operations.unsuppress(numberOf(request), actorOf(request));
    return suppressionList(
      request,
      reply,
      removed ? 'The number is no longer suppressed.' : 'The number was not suppressed.',
    );
  });
  app.post('/suppressions/erase', { config: { console: 'operator' } }, async (request, reply) => {
    const number = numberOf(request);
    const { confirmed, suppress } = (request.body ?? {}) as Form;
    if (confirmed !== 'true') {
      const leads = await operations.countLeads(number, actorOf(request));
      const content = erasePreview(number.phone, leads, formOf(request).formToken);
      return show(request, reply, { title: 'Erase a number', at: '/suppressions' }, content);
    }
    const options = { actor: actorOf(request), suppress: suppress === 'true' };
    const { erased } = await operations.erase(number, options);
    return suppressionList(request, reply, `The personal data of ${erased} leads is erased.`);
  });
  app.get('/audit', { config: { console: 'admin' } }, async (request, reply) => {
    const { after } = onlyTexts(request.query);
    const { items, next } = await operations.audit(defined({ limit: PAGE_SIZE, after }));
    return show(
      request,
      reply,
      { title: 'Audit', at: '/audit', live: after === undefined },
      auditPage(items, next, now()),
    );
  });
  app.get('/configuration', async (request, reply) =>
    show(
      request,
      reply,
      { title: 'Configuration', at: '/configuration', live: true },
      configurationPage(deps.configuration(), now()),
    ),
  );
  app.get('/runbook', async (request, reply) =>
    show(request, reply, { title: 'Runbook', at: '/runbook' }, await runbookPage()),
  );

  async function suppressionList(request: FastifyRequest, reply: FastifyReply, notice?: string): Promise<FastifyReply> {
    const { after } = onlyTexts(request.query);
    const list = await operations.suppressions(defined({ limit: PAGE_SIZE, after }));
    const content = suppressionsPage(list, { ...formOf(request), now: now() });
    return show(request, reply, { title: 'Suppressions', at: '/suppressions', notice }, content);
  }
}
