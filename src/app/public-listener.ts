import { StorageUnavailable } from '../domain/ports/storage-errors.ts';
import { buildApp } from '../http/app.ts';
import { demoFiles, widgetFiles } from '../http/routes/files.ts';
import { createFormGuard, type FormGuard } from '../http/screening/form-guard.ts';
import { createFormTokens } from '../http/screening/form-token.ts';
import { createProofs } from '../http/screening/proof.ts';
import { capsFor } from '../leads/caps.ts';
import type { RunningDelivery } from '../leads/delivery/compose.ts';
import { createSubmit } from '../leads/submit.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { randomBytes } from '../lib/random.ts';
import type { Foundation } from './foundation.ts';
import { listen } from './listen.ts';

/**
 * The listener that visitors and partners reach. `drain` makes it say that it is about to go; closing finishes what it
 * already took.
 *
 * @param inboxUrl where the bundled simulator's inbox is, for the demo page
 */
export async function openPublicListener(
  { settings, live, log, version, closers, hashing, outbox, counting, sharedCounts }: Foundation,
  { delivery, worker }: RunningDelivery,
  inboxUrl: string | undefined,
): Promise<{ url: string; drain(): void }> {
  let draining = false;
  const submit = createSubmit({
    store: outbox,
    delivery,
    hashing,
    caps: (lead, phoneHash, caller) => {
      const { dailyMax, sites } = live.current();
      return capsFor(hashing, { ...dailyMax, ...sites.get(lead.site)?.dailyMax }, lead, phoneHash, caller);
    },
    onFault(err, conversation) {
      counting.by.storageFault();
      log.error({ event: 'attempt_not_recorded', conversation, err }, 'attempt not recorded');
    },
    onQueued: worker.kick,
    waitMs: settings.deliverWaitMs,
    clock,
  });
  const app = await buildApp({
    settings: {
      listen: settings.listen,
      maxConnections: settings.maxConnections,
      trustProxy: settings.trustProxy,
      deliverWaitMs: settings.deliverWaitMs,
      get visitorRate() {
        return live.current().visitorRate;
      },
      get sites() {
        return live.current().sites;
      },
      get partners() {
        return live.current().partners;
      },
    },
    async submit(lead, context) {
      const submission = await submit(lead, context).catch((error: unknown) => {
        if (error instanceof StorageUnavailable) counting.by.storageFault();
        throw error;
      });
      if (!submission.replayed) counting.by.conversation(submission.conversation.status, lead.site);
      return submission;
    },
    find: outbox.find,
    guard: formGuard({ settings, hashing, outbox }),
    ...(sharedCounts && { sharedCounts }),
    files: {
      // In development, where esbuild is installed, no build is needed.
      widget: widgetFiles(async () => (await import('../../scripts/build-widget.ts')).buildWidget()),
      ...(!settings.production && { demo: demoFiles({ inboxUrl, site: settings.sites.keys().next().value }) }),
    },
    async isReady() {
      const storage = await outbox.ready().then(
        () => 'ok',
        () => 'not writable',
      );
      const working = worker.healthy() ? 'ok' : 'not working';
      const checks = { storage, worker: working, accepting: draining ? 'draining' : 'ok' };
      return { ready: Object.values(checks).every((check) => check === 'ok'), checks };
    },
    logger: log,
    version,
  });
  closers.add(() => app.close());
  const url = await listen(app, settings.listen, 'PORT');
  return {
    url,
    drain() {
      draining = true;
    },
  };
}

function formGuard({
  settings: { keys },
  hashing,
  outbox,
}: Pick<Foundation, 'settings' | 'hashing' | 'outbox'>): FormGuard {
  return createFormGuard(
    createFormTokens(keys.hash, clock.now, randomBytes),
    createProofs(keys.hash, clock.now),
    (site, address) => outbox.counted(hashing.visitorCap(site, address), clock.now()),
  );
}
