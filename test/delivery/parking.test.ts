import t from 'tap';
import type { Outcome } from '../../src/conversation/outcome.ts';
import { deliver } from '../support/delivery.ts';
import { lead } from '../support/lead.ts';
import { leased, queued, sqliteOutbox } from '../support/outbox.ts';

const DELIVERED: Outcome = { class: 'delivered' };
const REFUSED: Outcome = { class: 'credentials', cause: 'failure' };
const START = 1_000_000;

async function parkedProvider(t: Parameters<typeof deliver>[0], credentials: () => string = () => 'credentials-1') {
  const outbox = sqliteOutbox(t)();
  const state = { works: false };
  const parts = await deliver(t, { outbox, provider: () => (state.works ? DELIVERED : REFUSED), credentials });
  const ids = await Promise.all(Array.from({ length: 40 }, () => queued(outbox, START)));
  parts.worker.start();
  await parts.clock.advance(1_000);
  const statuses = async () => {
    const found = await Promise.all(ids.map((id) => outbox.find(id)));
    return [...new Set(found.map((conversation) => conversation?.status))].sort().join();
  };
  return { outbox, state, statuses, ...parts };
}

t.test(
  'a provider that refuses our credentials is parked with all its leads, and tried every ten minutes with one',
  async (t) => {
    const { statuses, clock, calls, gate } = await parkedProvider(t);
    t.equal(await statuses(), 'parked');
    t.match(gate.enter('default'), { kind: 'parked' });
    const before = calls.length;
    await clock.advance(598_000);
    t.equal(calls.length, before, 'left alone');
    await clock.advance(2_000);
    t.equal(calls.length, before + 1, 'one probe');
    await clock.advance(600_000);
    t.equal(calls.length, before + 2);
    t.equal(await statuses(), 'parked');
  },
);

t.test('a probe that succeeds releases all', async (t) => {
  const { state, statuses, clock, changes } = await parkedProvider(t);
  state.works = true;
  await clock.advance(610_000);
  t.equal(await statuses(), 'delivered');
  t.ok(changes.includes('default released'));
});

t.test('changed credentials release all at once', async (t) => {
  let credentials = 'credentials-1';
  const { state, statuses, clock, worker } = await parkedProvider(t, () => credentials);
  state.works = true;
  credentials = 'credentials-2';
  worker.kick();
  await clock.advance(5_000);
  t.equal(await statuses(), 'delivered');
});

t.test('leads that come in for a parked provider wait with the others', async (t) => {
  const { outbox, state, clock } = await parkedProvider(t);
  const id = await queued(outbox, clock.now());
  await clock.advance(6_000);
  t.match(await outbox.find(id), { status: 'parked', attempts: 0 });
  state.works = true;
  await clock.advance(610_000);
  t.match(await outbox.find(id), { status: 'delivered' });
});

t.test('once a provider is parked no caller is sent on to it, without waiting for the worker to wake', async (t) => {
  const outbox = sqliteOutbox(t)();
  const { clock, worker, delivery } = await deliver(t, { outbox, provider: () => REFUSED });
  worker.start();
  await clock.settle();
  for (let n = 0; n < 3; n += 1) {
    const admittance = delivery.enter('default');
    if (admittance.kind !== 'go') throw new Error(admittance.kind);
    const context = { permit: admittance.permit, tries: 0, unknowns: 0, mayHaveArrived: false };
    await delivery.attempt(lead(), await leased(outbox, START), context);
  }
  await clock.settle();
  t.match(delivery.enter('default'), { kind: 'parked' });
});

t.test('a probe that is due while the region is away wakes the worker when the region may be called', async (t) => {
  const { outbox, clock, gate } = await parkedProvider(t);
  let looks = 0;
  const read = outbox.parked;
  outbox.parked = () => {
    looks += 1;
    return read();
  };
  await clock.advance(590_000);
  for (let n = 0; n < 5; n += 1) {
    const admittance = gate.enterParked('default');
    if (admittance.kind === 'go') admittance.permit.settle('not_sent');
  }
  for (let n = 0; n < 4; n += 1) {
    const until = gate.blockedUntil('default');
    await clock.advance((until ?? clock.now()) - clock.now());
    const admittance = gate.enterParked('default');
    if (admittance.kind === 'go') admittance.permit.settle('not_sent');
  }
  const before = looks;
  await clock.advance(20_000);
  t.ok(looks - before <= 8, `${looks - before} looks in 20 s`);
});
