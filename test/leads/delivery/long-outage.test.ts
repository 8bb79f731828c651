import t from 'tap';
import type { Outcome } from '../../../src/domain/provider.ts';
import { DEFAULT_LIMITS } from '../../../src/leads/delivery/worker.ts';
import { createSubmit } from '../../../src/leads/submit.ts';
import { deliver } from '../../support/delivery.ts';
import { lead } from '../../support/lead.ts';
import { hashing, sqliteOutbox } from '../../support/outbox.ts';
import { scaled } from '../../support/scale.ts';

const LEADS = scaled(800, 10_000);
const HOUR_MS = 3_600_000;
const DELIVERED: Outcome = { class: 'delivered' };
const NOT_SENT: Outcome = { class: 'not_sent', cause: 'refused' };
const { concurrency, perSecond } = DEFAULT_LIMITS;

t.setTimeout(scaled(240_000, 900_000));

t.test(
  `an hour without the provider: ${LEADS} leads are taken, and delivered afterwards in order, without a flood`,
  async (t) => {
    const outbox = sqliteOutbox(t)();
    let away = true;
    const { clock, worker, calls, delivery, faults } = await deliver(t, {
      outbox,
      provider: () => (away ? NOT_SENT : DELIVERED),
      rules: { scheduleS: Array(100).fill(60) },
    });
    const submit = createSubmit({
      store: outbox,
      delivery,
      hashing,
      dailyMax: () => ({ phone: 1_000_000, phoneTotal: 1_000_000, site: 1_000_000, visitor: 1_000_000 }),
      onUnrecorded: (error) => faults.push(error),
      onQueued: worker.kick,
      waitMs: 4_000,
      clock,
    });
    worker.start();

    const ids: string[] = [];
    for (let n = 0; n < LEADS; n += 1) {
      const { conversation } = await submit(lead({ question: String(n) }), {
        requestId: 'r',
        scope: { kind: 'visitor', id: 'demo', address: '192.0.2.1', idempotencyKey: `key-${n}` },
        screen: async () => ({ suspect: false, uses: [] }),
      });
      if (conversation.status !== 'queued') t.fail(`lead ${n} is ${conversation.status}`);
      ids.push(conversation.id);
      await clock.advance(HOUR_MS / LEADS);
    }
    const during = calls.length;
    t.ok(during < 100, `${during} calls in an hour of outage`);
    const tried = new Set(calls.map((call) => Number(call.lead.question)));

    away = false;
    const backAt = clock.now();
    // The longest pause of the breaker, and then the backlog at its pace.
    await clock.advance(60_000 + (LEADS / perSecond) * 1_000 + 5_000);
    const drained = calls.slice(during);
    t.ok(drained.length >= LEADS - tried.size, 'all that had not been tried is delivered by then');

    const perSecondSeen = new Map<number, number>();
    for (const { at } of drained) {
      const second = Math.floor((at - backAt) / 1_000);
      perSecondSeen.set(second, (perSecondSeen.get(second) ?? 0) + 1);
    }
    const busiest = Math.max(...perSecondSeen.values());
    t.ok(busiest <= 2 * perSecond, `${busiest} calls in the busiest second: the pace, and once what it had saved up`);
    const seconds = (Number(drained.at(-1)?.at) - Number(drained[1]?.at)) / 1_000;
    t.ok(drained.length <= perSecond * (seconds + 1) + 1, `${drained.length} calls in ${seconds} s`);

    const order = drained.map((call) => Number(call.lead.question)).filter((n) => !tried.has(n));
    const places = new Map([...order].sort((a, b) => a - b).map((n, place) => [n, place]));
    const displaced = order.map((n, place) => Math.abs(place - Number(places.get(n))));
    t.ok(Math.max(...displaced) <= concurrency, 'longest waiting first, but for those under way together');

    // Those that were tried in vain come when their next try is due.
    await clock.advance(60_000);
    const found = await Promise.all(ids.map((id) => outbox.find(id)));
    t.ok(
      found.every((conversation) => conversation?.status === 'delivered'),
      'in the end all are delivered',
    );
    t.equal(calls.length - during, LEADS, 'each once');
    t.strictSame(faults, []);
  },
);
