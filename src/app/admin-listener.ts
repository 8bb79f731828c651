import { randomBytes } from 'node:crypto';
import { createEntryOperations } from '../admin/operations/entries.ts';
import { createOperations } from '../admin/operations/operations.ts';
import { readSiteNews } from '../admin/site-news.ts';
import { describeSettings } from '../config/describe.ts';
import { createEntryChecker } from '../config/entries.ts';
import { differingSettings } from '../config/live.ts';
import { loadSettings } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import { accountOf } from '../domain/provider.ts';
import type { RunningDelivery } from '../leads/delivery/compose.ts';
import { isoTime } from '../lib/clock.ts';
import { encodeLead } from '../provider/encode.ts';
import { listen } from './listen.ts';
import type { RunningOutgoing } from './outgoing.ts';
import type { Services } from './services.ts';
import { entryContext } from './stored.ts';

/** The operator of the demo's console, which is open on a loopback address. */
const DEMO_OPERATOR = { name: 'demo', role: 'admin' } as const;

/**
 * Opens the operators' listener, if the settings ask for one. The demo has one on loopback without a log-in, with the console
 * alone. Gives its base URL.
 */
export async function openAdminListener(
  {
    settings,
    live,
    stored,
    log,
    disposers,
    clock,
    hashing,
    accounts,
    outbox,
    metrics,
    refused,
    loaded,
    streaks,
    findSite,
    version,
  }: Services,
  { gate, parking, worker }: RunningDelivery,
  { notified, callbacks }: RunningOutgoing,
): Promise<string | undefined> {
  const { metricsToken } = settings;
  const open = !settings.admin && settings.demo;
  const admin = settings.admin ?? (open ? demoAdmin(settings.consolePort) : undefined);
  if (!admin) return undefined;
  const { buildAdminApp } = await import('../admin/api/app.ts');
  const app = await buildAdminApp({
    entries: createEntryOperations({
      store: outbox,
      checker: async () => createEntryChecker(entryContext(live.own(), stored.parts())),
      onChanged: stored.poll,
      now: clock.now,
    }),
    operations: createOperations({
      store: outbox,
      hashing,
      now: clock.now,
      onQueued: worker.kick,
      render(lead) {
        const account = live.current().providers.get(accountOf(lead.provider));
        try {
          return account && encodeLead(lead, { ...account, password: '********' });
        } catch {
          // A text that XML cannot carry: the lead's cause says so.
          return undefined;
        }
      },
      openBreakers: async () => accounts.ids().filter((id) => gate.blockedUntil(id) !== undefined),
    }),
    metrics,
    version,
    findPartner: (id) => live.view.partners.get(id),
    listOfPartner: outbox.listOfPartner,
    tokens: {
      admin: admin.token,
      ...(metricsToken !== undefined && { metrics: metricsToken }),
      operators: () => live.current().operators.values(),
    },
    state: {
      async providers() {
        const parked = new Map((await outbox.parked()).map((state) => [state.id, state]));
        const ids = new Set([...accounts.ids(), ...parked.keys()]);
        return [...ids].map((id) => ({
          ...parked.get(id),
          id,
          region: accounts.region(id),
          endpoint: accounts.endpoint(id),
          refusedInARow: streaks.counts().get(id) ?? 0,
        }));
      },
      breakers: gate.breakers,
      refusedSettings: refused,
      replicas: outbox.replicas,
      notified,
      callbacks,
      releaseProvider: parking.release,
    },
    console: {
      activity: outbox,
      sites: () => readSiteNews(outbox, findSite, clock.now()),
      database: placeOf(settings.database),
      sessionKey: hashing.sessionKey(),
      configuration() {
        const mistakes = refused();
        const { at, needsRestart } = loaded();
        return {
          summary: describeSettings(live.current()),
          changed: differingSettings(loadSettings({}), live.own()),
          loaded: { at: isoTime(at), needsRestart },
          ...(mistakes && { refused: { ...mistakes, since: isoTime(mistakes.since) } }),
        };
      },
      ...(open && { open: DEMO_OPERATOR }),
    },
    logger: log,
    now: clock.now,
    monotonic: clock.monotonic,
  });
  disposers.add(() => app.close());
  if (!open) return listen(app, admin, 'ADMIN_PORT');
  return listen(app, admin, 'CONSOLE_PORT').catch(() => listen(app, { ...admin, port: 0 }, 'CONSOLE_PORT'));
}

/** The listener of the demo. Its random token is given to no client. */
function demoAdmin(port: number): NonNullable<Settings['admin']> {
  return { host: '127.0.0.1', port, token: randomBytes(32).toString('base64') };
}

/** Names the storage without a credential. */
function placeOf(database: Settings['database']): string {
  return database.kind === 'sqlite' ? `SQLite, ${database.path}` : `Postgres, ${database.host}/${database.database}`;
}
