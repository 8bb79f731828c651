import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import t, { type Test } from 'tap';
import type { Outbox } from '../../../src/domain/ports/outbox.ts';
import { DAY_MS, systemClock } from '../../../src/lib/clock.ts';
import { type Address, createPool } from '../../../src/store/postgres/connection.ts';
import { createDatabase } from '../../../src/store/postgres/database.ts';
import { createPostgresOutbox } from '../../../src/store/postgres/outbox.ts';
import { scrub } from '../../../src/store/postgres/privacy.ts';
import { createVault } from '../../../src/store/vault.ts';
import { ERASURE, fill, LEADS, NUMBER, ONE_IN, some } from '../../support/filled.ts';
import { dataKey, entry, OPTIONS } from '../../support/outbox.ts';
import { startPostgres } from '../../support/postgres.ts';
import { needles, tracesIn } from '../../support/traces.ts';

// Nothing comes to the help of what is tested.
const server = await startPostgres(['-c', 'autovacuum=off']);

type Filled = { outbox: Outbox; address: Address; searched: Map<string, Uint8Array>; left: () => Promise<string[]> };

/** A store in which leads of one number lie among many others, with all that tells of them: words, hashes, wrapped keys. */
async function filled(t: Test, keys: Buffer[], expiresAt: number): Promise<Filled> {
  const address = await server.database();
  const vault = createVault(keys);
  const outbox = await createPostgresOutbox(address, { ...OPTIONS, vault, leaseMs: 1, poolMax: 4 });
  t.teardown(() => outbox.close());
  const canaries = await fill(outbox, expiresAt);
  const searched = needles(canaries);
  if (keys.length > 0) {
    for (const word of [...searched.keys()].filter((name) => !/^(hash|counter|key|fingerprint) of/.test(name)))
      searched.delete(word);
    for (const [name, bytes] of await wrappedKeys(address)) searched.set(name, bytes);
  }
  t.ok(canaries.length >= LEADS / ONE_IN);
  const left = async (): Promise<string[]> => {
    // What is in memory alone is written to the files too.
    await server.query('CHECKPOINT', address);
    return tracesIn(filesOf(await folderOf(address)), searched);
  };
  t.strictSame(await left(), [...searched.keys()], 'everything is there to be found before');
  return { outbox, address, searched, left };
}

/** The keys of the number's leads, and those that lie in front of what the provider said of them, now and at each attempt. */
async function wrappedKeys(address: Address): Promise<[string, Buffer][]> {
  const rows = await server.query(
    `SELECT seq, lead_key, substr(description, 1, 64) AS said FROM lead_keys LEFT JOIN descriptions USING (seq)
     WHERE phone_hash = '\\x${NUMBER.toString('hex')}'`,
    address,
  );
  const attempts = await server.query(
    `SELECT place, substr(description, 1, 64) AS said FROM attempts JOIN lead_keys USING (seq)
     WHERE description IS NOT NULL AND phone_hash = '\\x${NUMBER.toString('hex')}'`,
    address,
  );
  if (attempts.length === 0) throw new Error('no attempt of the number has words');
  return [
    ...rows.flatMap(({ seq, lead_key, said }) => [
      [`key of lead ${seq}`, lead_key as Buffer] as [string, Buffer],
      ...(said === null ? [] : [[`key of description ${seq}`, said as Buffer] as [string, Buffer]]),
    ]),
    ...attempts.map(({ place, said }) => [`key of attempt ${place}`, said as Buffer] as [string, Buffer]),
  ];
}

/** Where the tables and indexes of a database are; not the write-ahead log, which is recycled in its own time. */
async function folderOf(address: Address): Promise<string> {
  const [row] = await server.query('SELECT oid FROM pg_database WHERE datname = current_database()', address);
  return join(server.folder, 'base', String(row?.oid));
}

function filesOf(folder: string): string[] {
  return readdirSync(folder).map((name) => join(folder, name));
}

t.test(
  'the hash of a suppressed number remains only in the suppression list, and nowhere after its removal',
  async (t) => {
    const { outbox, left } = await filled(t, [dataKey], Number.MAX_SAFE_INTEGER);
    await outbox.suppress(NUMBER, entry('suppress', 1_000));
    await outbox.erase(NUMBER, { now: DAY_MS, audit: ERASURE });
    t.strictSame(await left(), ['hash of the number']);
    await outbox.unsuppress(NUMBER, entry('unsuppress', 2_000));
    t.strictSame(await left(), []);
  },
);

for (const [name, keys] of [
  ['with encryption', [dataKey]],
  ['without encryption', []],
] as const) {
  t.test(`after an erasure ${name} no key, hash or word of a number is in a file`, async (t) => {
    const { outbox, left } = await filled(t, [...keys], Number.MAX_SAFE_INTEGER);
    t.equal(await outbox.erase(NUMBER, { now: DAY_MS, audit: ERASURE }), LEADS / ONE_IN);
    t.strictSame(await left(), []);
    t.equal(await outbox.count({}), LEADS, 'nothing else is gone');
    await Promise.all(Array.from({ length: 500 }, (_, n) => outbox.accept(some(n * ONE_IN + 1, 0), DAY_MS)));
    t.strictSame(await left(), [], 'and what is written after it brings nothing back');
  });

  t.test(`after retention ${name} no key, hash or word of an expired lead is in a file`, async (t) => {
    const { outbox, left } = await filled(t, [...keys], DAY_MS);
    while ((await outbox.expire(DAY_MS, 300)) > 0);
    while ((await outbox.purge(2 * DAY_MS, 300)) > 0);
    t.not((await left()).length, 0, 'deleting alone leaves them');
    await outbox.scrub();
    t.strictSame(await left(), []);
    t.equal(await outbox.count({}), LEADS);
  });
}

t.test('an erasure does not resolve while a transaction may still see the removed rows', async (t) => {
  const { outbox, address, left } = await filled(t, [dataKey], Number.MAX_SAFE_INTEGER);
  const reader = new pg.Client(address);
  await reader.connect();
  await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await reader.query('SELECT count(*) FROM suppressions');
  let resolved = false;
  const erasure = outbox.erase(NUMBER, { now: DAY_MS, audit: ERASURE }).then((count) => {
    resolved = true;
    return count;
  });
  const database = createDatabase(createPool(address, 2));
  while ((await outbox.count({ phoneHash: NUMBER })) > 0);
  await t.rejects(scrub(database, systemClock, 300), { name: 'StorageUnavailable' });
  t.notOk(resolved);
  t.not((await left()).length, 0);
  await reader.query('COMMIT');
  await reader.end();
  t.equal(await erasure, LEADS / ONE_IN);
  t.strictSame(await left(), []);
  await database.close();
});
