import t, { type Test } from 'tap';
import type { AuditEntry } from '../../../src/outbox/ports/lead-records.ts';
import type { Accepted, Cap } from '../../../src/outbox/ports/lead-store.ts';
import type { Outbox } from '../../../src/outbox/ports/outbox.ts';
import { createPostgresOutbox } from '../../../src/outbox/postgres/outbox.ts';
import { hashing, intake, leased, OPTIONS } from '../../support/outbox.ts';
import { startPostgres } from '../../support/postgres.ts';
import { seeded } from '../../support/random.ts';
import { chosenSeed } from '../../support/scale.ts';

const server = await startPostgres();
const seed = chosenSeed();
t.comment(`SEED=${seed}`);

async function replicas(t: Test): Promise<readonly Outbox[]> {
  const address = await server.database();
  const opened = await Promise.all(
    ['a', 'b', 'c'].map((owner) => createPostgresOutbox(address, { ...OPTIONS, owner, poolMax: 3 })),
  );
  t.teardown(() => Promise.all(opened.map((one) => one.close())));
  return opened;
}

/** `send` by all replicas in turn, at once. */
const byAll = (outboxes: readonly Outbox[], count: number, send: (outbox: Outbox, n: number) => Promise<Accepted>) =>
  Promise.all(Array.from({ length: count }, (_, n) => send(outboxes[n % outboxes.length] as Outbox, n)));
const kinds = (accepted: readonly Accepted[]) => ({
  stored: accepted.filter(({ kind }) => kind === 'stored').length,
  known: accepted.filter(({ kind }) => kind === 'known').length,
  used: accepted.filter(({ kind }) => kind === 'used').length,
});

t.test('one request that reaches all replicas at once is one lead, and all tell of the same', async (t) => {
  const outboxes = await replicas(t);
  for (let round = 0; round < 20; round += 1) {
    const sent = intake();
    const accepted = await byAll(outboxes, 12, (outbox) => outbox.accept(sent, 1_000));
    t.strictSame(kinds(accepted), { stored: 1, known: 11, used: 0 });
    t.equal(new Set(accepted.map((one) => 'conversation' in one && one.conversation.id)).size, 1);
  }
});

t.test('a token that is brought to all replicas at once is good for one lead', async (t) => {
  const outboxes = await replicas(t);
  for (let round = 0; round < 20; round += 1) {
    const uses = [{ kind: 'form_token', key: Buffer.from(`token ${round}`), expiresAt: 9_000 }] as const;
    const accepted = await byAll(outboxes, 12, (outbox) => outbox.accept(intake({ uses }), 1_000));
    t.strictSame(kinds(accepted), { stored: 1, known: 0, used: 11 });
  }
});

const capOf = (phone: Buffer): Cap => ({ kind: 'phone', key: hashing.phoneCap('demo', phone), max: 20 });

t.test('a cap is exact over all replicas', async (t) => {
  const outboxes = await replicas(t);
  const caps = [capOf(hashing.phone('+14045550000'))];
  const accepted = await byAll(outboxes, 90, (outbox) => outbox.accept(intake({ caps }), 1_000));
  const queued = accepted.filter((one) => one.kind === 'stored' && one.conversation.status === 'queued');
  t.equal(queued.length, 20);
});

t.test('leads that share counters in every order are all counted, and wait for each other in no circle', async (t) => {
  const outboxes = await replicas(t);
  const random = seeded(seed);
  const caps = Array.from({ length: 6 }, (_, n) => capOf(hashing.phone(`+1404555000${n}`)));
  const expected = new Map(caps.map((cap) => [cap, 0]));
  const accepted = await byAll(outboxes, 400, (outbox) => {
    const one = caps[random.below(6)] as Cap;
    const two = caps[random.below(6)] as Cap;
    const both = one === two ? [one] : [one, two];
    for (const cap of both) expected.set(cap, (expected.get(cap) ?? 0) + 1);
    return outbox.accept(intake({ caps: both }), 1_000);
  });
  t.equal(kinds(accepted).stored, 400);
  for (const [cap, n] of expected) t.equal(await outboxes[0]?.counted(cap.key, 1_000), n);
});

t.test('leads that all replicas release at once are each released by one alone', async (t) => {
  const outboxes = await replicas(t);
  for (let round = 0; round < 10; round += 1) {
    const held: string[] = [];
    for (let n = 0; n < 20; n += 1) {
      const lease = await leased(outboxes[0] as Outbox, 1_000);
      await outboxes[0]?.settle(lease, { status: 'parked', cause: 'schedule', attempted: true }, 1_000);
      held.push(lease.id);
    }
    const release: AuditEntry = { at: 9_000, actor: 'admin', action: 'release', count: 0, detail: `round ${round}` };
    const released = await Promise.all(outboxes.map((outbox) => outbox.requeue({ ids: held }, 100, release)));
    t.strictSame(released.flat().sort(), held.sort());
  }
});
