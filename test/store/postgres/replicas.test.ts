import pg from 'pg';
import t, { type Test } from 'tap';
import type { AuditEntry } from '../../../src/domain/ports/lead-records.ts';
import type { Accepted, Cap } from '../../../src/domain/ports/lead-store.ts';
import type { Outbox } from '../../../src/domain/ports/outbox.ts';
import { capKeys } from '../../../src/leads/hashing.ts';
import { DAY_MS, systemClock } from '../../../src/lib/clock.ts';
import { createPool } from '../../../src/store/postgres/connection.ts';
import { createDatabase } from '../../../src/store/postgres/database.ts';
import { MIGRATIONS, oldestReaderOfBound } from '../../../src/store/postgres/migrations.ts';
import { migrate } from '../../../src/store/postgres/open.ts';
import { createPostgresOutbox } from '../../../src/store/postgres/outbox.ts';
import { manualClock } from '../../support/clock.ts';
import { eventually } from '../../support/eventually.ts';
import { hashing, leased, newLead, OPTIONS } from '../../support/outbox.ts';
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

t.test('one request that reaches all replicas at once is stored once, and all answer with the same lead', async (t) => {
  const outboxes = await replicas(t);
  for (let round = 0; round < 20; round += 1) {
    const sent = newLead();
    const accepted = await byAll(outboxes, 12, (outbox) => outbox.accept(sent, 1_000));
    t.strictSame(kinds(accepted), { stored: 1, known: 11, used: 0 });
    t.equal(new Set(accepted.map((one) => 'conversation' in one && one.conversation.id)).size, 1);
  }
});

t.test('a form token that reaches all replicas at once is accepted once', async (t) => {
  const outboxes = await replicas(t);
  for (let round = 0; round < 20; round += 1) {
    const uses = [{ kind: 'form_token', key: Buffer.from(`token ${round}`), expiresAt: 9_000 }] as const;
    const accepted = await byAll(outboxes, 12, (outbox) => outbox.accept(newLead({ uses }), 1_000));
    t.strictSame(kinds(accepted), { stored: 1, known: 0, used: 11 });
  }
});

const capOf = (phone: Buffer): Cap => ({ kind: 'phone', key: hashing.phoneCap('demo', phone), max: 20 });

t.test('a cap is exact over all replicas', async (t) => {
  const outboxes = await replicas(t);
  const caps = [capOf(hashing.phone('+14045550000'))];
  const accepted = await byAll(outboxes, 90, (outbox) => outbox.accept(newLead({ caps }), 1_000));
  const queued = accepted.filter((one) => one.kind === 'stored' && one.conversation.status === 'queued');
  t.equal(queued.length, 20);
});

t.test('the cap of a number over all sites is exact over all replicas', async (t) => {
  const outboxes = await replicas(t);
  const phone = hashing.phone('+14045550000');
  const total: Cap = { kind: 'phone_total', key: hashing.phoneTotalCap(phone), max: 10 };
  const accepted = await byAll(outboxes, 60, (outbox, n) => {
    const atSite: Cap = { kind: 'phone', key: hashing.phoneCap(`site-${n % 7}`, phone), max: 5 };
    return outbox.accept(newLead({ caps: [atSite, total] }), 1_000);
  });
  const queued = accepted.filter((one) => one.kind === 'stored' && one.conversation.status === 'queued');
  t.equal(queued.length, 10);
  t.equal(kinds(accepted).stored, 60);
});

t.test('suspects that are released while leads of their number come in are all counted', async (t) => {
  const outboxes = await replicas(t);
  const content = newLead();
  const { site } = content.lead;
  const keys = capKeys(hashing, site, hashing.phone(content.lead.phone.e164));
  const caps: Cap[] = [
    { kind: 'phone', key: keys.phone, max: 1_000 },
    { kind: 'site', key: keys.site, max: 1_000 },
  ];
  const start = { kind: 'held' } as const;
  await byAll(outboxes, 30, (outbox) => outbox.accept(newLead({ caps, start }), 1_000));
  const release: AuditEntry = { at: 9_000, actor: 'admin', action: 'release', count: 0, detail: 'all' };
  const [released] = await Promise.all([
    Promise.all(outboxes.map((outbox) => outbox.requeue({}, 100, release))),
    byAll(outboxes, 60, (outbox, n) => outbox.accept(newLead({ caps, ...(n % 2 === 0 && { start }) }), 1_000)),
  ]);
  for (const key of [keys.phone, keys.site])
    t.equal(await outboxes[0]?.counted(key, 1_000), 30 + released.flat().length);
});

t.test('leads that share counters in any order are all counted, without a deadlock', async (t) => {
  const outboxes = await replicas(t);
  const random = seeded(seed);
  const caps = Array.from({ length: 6 }, (_, n) => capOf(hashing.phone(`+1404555000${n}`)));
  const expected = new Map(caps.map((cap) => [cap, 0]));
  const accepted = await byAll(outboxes, 400, (outbox) => {
    const one = caps[random.below(6)] as Cap;
    const two = caps[random.below(6)] as Cap;
    const both = one === two ? [one] : [one, two];
    for (const cap of both) expected.set(cap, (expected.get(cap) ?? 0) + 1);
    return outbox.accept(newLead({ caps: both }), 1_000);
  });
  t.equal(kinds(accepted).stored, 400);
  for (const [cap, n] of expected) t.equal(await outboxes[0]?.counted(cap.key, 1_000), n);
});

t.test('each lead that all replicas release at once is released by exactly one', async (t) => {
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

/** Less than the server lets anybody wait for a lock. */
const WAITS_WITHIN_MS = 2_000;

t.test('while one replica removes expired data, another returns at once with nothing to do', async (t) => {
  const address = await server.database();
  const [sweeping, other] = await Promise.all(
    ['a', 'b'].map((owner) => createPostgresOutbox(address, { ...OPTIONS, owner, poolMax: 2 })),
  );
  if (!sweeping || !other) throw new Error('not open');
  const held = new pg.Client(address);
  await held.connect();
  t.teardown(() => Promise.all([held.end(), sweeping.close(), other.close()]));
  for (const at of [1_000, 2_000]) {
    const lease = await leased(sweeping, at, { request: { ...newLead().request, expiresAt: 3_000 } });
    await sweeping.settle(lease, { status: 'delivered', attempted: true }, at);
  }

  await held.query('BEGIN');
  await held.query('SELECT 1 FROM conversations WHERE updated_at = 1000 FOR UPDATE');
  const sweep = sweeping.expire(5_000, 1);
  await eventually('it waits for the lead in the midst of its sweep', WAITS_WITHIN_MS, async () => {
    const [row] = await server.query("SELECT 1 FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted");
    return row;
  });
  t.equal(await other.purge(5_000, 9), 0, 'nothing is in its way but that another sweeps');
  t.equal(await other.expire(5_000, 1), 0);
  await held.query('COMMIT');
  t.equal(await sweep, 1);

  t.equal(await other.expire(5_000, 9), 1, 'the lead that was left');
  t.equal(await other.purge(5_000, 9), 2);
});

/** Two replicas on one database, and a connection that plays a third one in the midst of a transaction. */
async function withThird(t: Test) {
  const address = await server.database();
  const [one, other] = await Promise.all(
    ['a', 'b'].map((owner) => createPostgresOutbox(address, { ...OPTIONS, owner, poolMax: 2 })),
  );
  if (!one || !other) throw new Error('not open');
  const third = new pg.Client(address);
  await third.connect();
  t.teardown(() => Promise.all([third.end(), one.close(), other.close()]));
  const waiting = (count: number) =>
    eventually(`${count} transactions wait`, WAITS_WITHIN_MS, async () => {
      const rows = await server.query('SELECT 1 FROM pg_locks WHERE NOT granted', address);
      return rows.length >= count ? true : undefined;
    });
  return { one, other, third, waiting };
}

for (const [name, start, move] of [
  ['park', { kind: 'due', at: 1_000 }, 'parkQueued'],
  ['release', { kind: 'parked' }, 'releaseWaiting'],
] as const) {
  t.test(
    `two replicas that ${name} leads at once move different ones, so that a full chunk shows that more are left`,
    async (t) => {
      const { one, other, third, waiting } = await withThird(t);
      for (let n = 0; n < 20; n += 1) await one.accept(newLead({ start }), 1_000);
      await third.query('BEGIN');
      await third.query('SELECT 1 FROM conversations FOR UPDATE');
      const moved = [one, other].map((replica) => replica[move]('default', 10, 2_000));
      await waiting(2);
      await third.query('COMMIT');
      t.strictSame(await Promise.all(moved), [10, 10]);
      t.equal(await one.count({ status: [name === 'park' ? 'parked' : 'queued'] }), 20);
    },
  );

  t.test(
    `a lead that another replica leases meanwhile is left alone by a replica that is about to ${name} it`,
    async (t) => {
      const { one, third, waiting } = await withThird(t);
      for (let n = 0; n < 2; n += 1) await one.accept(newLead({ start }), 1_000);
      await third.query('BEGIN');
      const lease = "lease_owner = 'third', next_at = 90000, fence = fence + 1";
      await third.query(`UPDATE conversations SET ${lease} WHERE seq = (SELECT min(seq) FROM conversations)`);
      const moved = one[move]('default', 10, 2_000);
      await waiting(1);
      await third.query('COMMIT');
      t.equal(await moved, 1);
      const leased = (await one.list({}, { limit: 9 })).items.filter((record) => record.leased);
      t.match(leased, [{ status: name === 'park' ? 'queued' : 'parked' }]);
    },
  );
}

const RELEASE = { at: 2_000, actor: 'admin', action: 'release', count: 0, detail: 'all' } as const;
const LISTENING = "FROM pg_stat_activity WHERE query LIKE 'LISTEN%' OR query = 'SELECT 1'";

type Wakes = { readonly count: () => number; readonly another: () => Promise<void> };

/** Two replicas; one of them counts how often it is woken. */
async function withWakes(t: Test): Promise<{ replica: Outbox; other: Outbox; wakes: Wakes }> {
  const address = await server.database();
  const replicas = await Promise.all(
    ['a', 'b'].map((owner) => createPostgresOutbox(address, { ...OPTIONS, owner, poolMax: 2 })),
  );
  t.teardown(() => Promise.all(replicas.map((one) => one.close())));
  const [replica, other] = replicas as [Outbox, Outbox];
  let count = 0;
  let wake = Promise.withResolvers<void>();
  replica.watch(() => {
    count += 1;
    wake.resolve();
    wake = Promise.withResolvers();
  });
  await wake.promise;
  return { replica, other, wakes: { count: () => count, another: () => wake.promise } };
}

t.test('a release by another process wakes a replica, and a release of nothing does not', async (t) => {
  const { replica, other, wakes } = await withWakes(t);
  const before = wakes.count();
  await other.requeue({}, 10, RELEASE);
  await other.releaseWaiting('default', 10, 2_000);
  await replica.accept(newLead({ start: { kind: 'parked' } }), 1_000);
  const woken = wakes.another();
  await other.requeue({}, 10, RELEASE);
  await woken;
  t.equal(wakes.count(), before + 1);
});

t.test('unparking a provider wakes a replica, and so does releasing its leads', async (t) => {
  const { other, wakes } = await withWakes(t);
  await other.accept(newLead({ start: { kind: 'parked' } }), 1_000);
  const unparked = wakes.another();
  await other.unpark('default', 2_000);
  await t.resolves(unparked);
  const released = wakes.another();
  t.equal(await other.releaseWaiting('default', 10, 2_000), 1);
  await t.resolves(released);
});

t.test(
  'a lost notification connection is replaced, and the replica then looks for work it may have missed',
  async (t) => {
    const { other, wakes } = await withWakes(t);
    const again = wakes.another();
    t.match(await server.query(`SELECT pg_terminate_backend(pid) AS done ${LISTENING}`), [{ done: true }]);
    await t.resolves(again, 'it looks once it listens again');
    await other.accept(newLead({ start: { kind: 'parked' } }), 1_000);
    const woken = wakes.another();
    await other.requeue({}, 10, RELEASE);
    await t.resolves(woken);
  },
);

t.test('a replica whose clock is wrong accepts no lead, takes over no lease and removes nothing', async (t) => {
  const address = await server.database();
  const right = await createPostgresOutbox(address, { ...OPTIONS, poolMax: 2 });
  const clock = { ...systemClock, now: () => systemClock.now() + 40 * DAY_MS };
  const wrong = await createPostgresOutbox(address, { ...OPTIONS, poolMax: 2, owner: 'process-2', clock });
  t.teardown(() => Promise.all([right.close(), wrong.close()]));

  const running = await leased(right, systemClock.now());
  const done = await leased(right, systemClock.now());
  await right.settle(done, { status: 'delivered', attempted: true }, systemClock.now());
  const refused = { name: 'StorageUnavailable', message: /too far apart/ };
  await t.rejects(wrong.accept(newLead(), clock.now()), refused);
  await t.rejects(wrong.claim({ providers: ['default'], limit: 9, now: clock.now() }), refused);
  await t.rejects(wrong.claimProbe('default', clock.now()), refused);
  await t.rejects(wrong.renew([running], clock.now()), refused);
  await t.rejects(wrong.expire(clock.now() - 30 * DAY_MS, 100), refused);
  await t.rejects(wrong.purge(clock.now(), 100), refused);
  t.match(await right.show(done.id), { erased: false });
  t.match(await right.settle(running, { status: 'delivered', attempted: true }, systemClock.now()), {
    conversation: { status: 'delivered' },
  });
});

t.test('counts stay exact while all replicas write, also when one of them ends', async (t) => {
  const address = await server.database();
  const replica = (owner: string) => createPostgresOutbox(address, { ...OPTIONS, owner, poolMax: 3 });
  const [first, second, third] = await Promise.all([replica('a'), replica('b'), replica('c')]);
  t.teardown(() => Promise.all([first.close(), third.close()]));
  await Promise.all([
    ...[first, second, third].map(async (outbox) => {
      for (let round = 0; round < 8; round += 1) {
        const leases = await Promise.all(Array.from({ length: 12 }, () => leased(outbox, 1_000)));
        await Promise.all(
          leases.map((lease, n) => {
            const end =
              n % 3 === 0 ? ({ status: 'queued', dueAt: 1_000 } as const) : ({ status: 'delivered' } as const);
            return outbox.settle(lease, { ...end, attempted: true }, 1_000);
          }),
        );
        await outbox.parkQueued('default', 2, 2_000);
      }
    }),
    (async () => {
      for (let round = 0; round < 10; round += 1) await first.purge(2_000, 100);
    })(),
  ]);
  const expected = { queued: 96 - 48, parked: 48, delivered: 192 };
  t.match((await first.stats()).byStatus, expected);
  await second.close();
  await first.purge(3_000, 100);
  t.match((await third.stats()).byStatus, expected);
});
t.test(
  'values are sealed so that replicas of the release before can open them, until an operator binds them',
  async (t) => {
    const address = await server.database();
    const database = createDatabase(createPool(address, 2));
    t.teardown(() => database.close());
    const bound = oldestReaderOfBound(MIGRATIONS);
    await migrate(database, MIGRATIONS.slice(0, bound - 1));
    const clock = manualClock();
    const open = async (owner: string, parts = {}) => {
      const outbox = await createPostgresOutbox(address, { ...OPTIONS, owner, poolMax: 2, ...parts });
      t.teardown(() => outbox.close());
      return outbox;
    };
    const [probed, unprobed] = [await open('a'), await open('b', { clock: { now: Date.now, after: clock.after } })];
    const counts = async () => {
      const { former, current } = await probed.sealedCounts();
      return { former, current };
    };
    await leased(probed, 1_000);
    await leased(unprobed, 1_000);
    t.strictSame(await counts(), { former: 2, current: 0 });

    await probed.sealBound();
    t.match(await database.read('SELECT bound, oldest_reader FROM gateway_schema'), [
      { bound: true, oldest_reader: bound },
    ]);
    await probed.ready();
    await clock.advance(60_000);
    await eventually('a replica without readiness checks seals bound values too', 10_000, async () => {
      await leased(unprobed, 1_000);
      return (await counts()).current > 0 || undefined;
    });
    const before = await counts();
    await leased(probed, 1_000);
    t.strictSame(await counts(), { ...before, current: before.current + 1 });
  },
);

t.test(
  'a database that this release creates holds bound values only, and refuses replicas of earlier ones',
  async (t) => {
    const [outbox] = await replicas(t);
    if (outbox) await leased(outbox, 1_000);
    t.match(await outbox?.sealedCounts(), { former: 0, current: 1 });
  },
);
