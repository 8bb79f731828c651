import { randomBytes } from 'node:crypto';
import { createCapLog } from '../admin/logger.ts';
import { buildApp } from '../http/app.ts';
import { createLoadShedder } from '../http/load-shedder.ts';
import { demoFiles, widgetFiles } from '../http/routes/files.ts';
import { createFormGuard, type FormGuard } from '../http/screening/form-guard.ts';
import { createFormTokens } from '../http/screening/form-token.ts';
import { createProofs } from '../http/screening/proof.ts';
import { createSignedPages } from '../leads/cursors.ts';
import type { RunningDelivery } from '../leads/delivery/compose.ts';
import { createSubmit } from '../leads/submit.ts';
import { compileAhead } from '../lib/schema-compilers.ts';
import { listen, openManySockets } from './listen.ts';
import type { Services } from './services.ts';

/**
 * Opens the listener for visitors and partners. On close it finishes the requests that it has accepted.
 *
 * @param inboxUrl URL of the bundled simulator's inbox, for the demo page
 * @returns its base URL; `drain` makes `/readyz` answer that the process is shutting down
 */
export async function openPublicListener(
  {
    settings,
    live,
    stored,
    log,
    version,
    disposers,
    hashing,
    outbox,
    events,
    overload,
    sharedCounts,
    tracing,
    clock,
  }: Services,
  { delivery, worker }: RunningDelivery,
  inboxUrl: string | undefined,
): Promise<{ url: string; drain(): void }> {
  let draining = false;
  const logCap = createCapLog(log, clock.now);
  const shedder = createLoadShedder({
    monotonic: clock.monotonic,
    // The phase of the event loop that runs these follows the one that reads from sockets.
    afterReading: setImmediate,
    random: Math.random,
    onShed(reason) {
      events.shed(reason);
      overload.shed(reason);
    },
  });
  const submit = createSubmit({
    store: outbox,
    delivery,
    hashing,
    dailyMax: live.dailyMax,
    onAnswered: events.conversation,
    onSuspect: events.suspect,
    onStorageFault: events.storageFault,
    onUnrecorded(err, conversation) {
      events.storageFault();
      log.error({ event: 'attempt_not_recorded', conversation, err }, 'attempt not recorded');
    },
    onCapPressure(pressure, site, conversation) {
      events.capPressure(pressure, site);
      logCap(pressure, site, conversation);
    },
    onStoring: shedder.storing,
    onQueued: worker.kick,
    waitMs: settings.deliverWaitMs,
    clock,
  });
  const app = await buildApp({
    settings: live.view,
    storedSites: stored.sites,
    submit,
    find: outbox.find,
    partnerList: { listOfPartner: outbox.listOfPartner, readPage: createSignedPages(hashing) },
    guard: formGuard({ settings, hashing, outbox, clock }),
    shedder,
    monotonic: clock.monotonic,
    ...(sharedCounts && { sharedCounts }),
    ...(tracing && { addFirstHooks: tracing.addHooks }),
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
    onProblem: events.problem,
    now: clock.now,
    onRefusedOrigin: events.refusedOrigin,
    onAnswer: events.answer,
    version,
  });
  disposers.add(() => app.close());
  await app.ready();
  compileAhead('POST /conversations');
  const url = await listen(app, settings.listen, 'PORT', (app, address) =>
    openManySockets(app, address, settings.maxConnections),
  );
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
  clock,
}: Pick<Services, 'settings' | 'hashing' | 'outbox' | 'clock'>): FormGuard {
  return createFormGuard(
    createFormTokens(keys.hash, clock.now, randomBytes),
    createProofs(keys.hash, clock.now),
    (site, address) => outbox.counted(hashing.visitorCap(site, address), clock.now()),
  );
}
