import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t, { type Test } from 'tap';
import type { Outbox } from '../../../src/domain/ports/outbox.ts';
import { DAY_MS } from '../../../src/lib/clock.ts';
import { openDatabase } from '../../../src/store/sqlite/open.ts';
import { EMPTY_LOG_WITHIN_MS, emptyLog } from '../../../src/store/sqlite/privacy.ts';
import { createVault } from '../../../src/store/vault.ts';
import { ERASURE, fill, LEADS, NUMBER, ONE_IN, some } from '../../support/filled.ts';
import { lead } from '../../support/lead.ts';
import { entry, hashing, leased, newLead, sqliteOutbox } from '../../support/outbox.ts';
import { needles, traces } from '../../support/traces.ts';

type Filled = { outbox: Outbox; path: string; searched: Map<string, Uint8Array> };

/** A store without encryption in which leads of one number lie among many others. */
async function filledWithCanaries(t: Test, expiresAt: number): Promise<Filled> {
  const open = sqliteOutbox(t);
  const outbox = open({ vault: createVault([]), leaseMs: 1 });
  t.teardown(() => outbox.close());
  const canaries = await fill(outbox, expiresAt);
  const { path } = open;
  const searched = needles(canaries);
  t.ok(canaries.length >= LEADS / ONE_IN);
  t.strictSame(traces(path, searched), [...searched.keys()], 'everything is there to be found before');
  return { outbox, path, searched };
}

async function forkReader(t: Test, path: string): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, '../../support/database-reader.ts'), [path]);
  t.teardown(async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  t.strictSame((await once(child, 'message'))[0], 'reading');
  return child;
}

t.test('after an erasure no byte of a number is left, although another program has the file open', async (t) => {
  const { outbox, path, searched } = await filledWithCanaries(t, Number.MAX_SAFE_INTEGER);
  const child = await forkReader(t, path);
  let resolved = false;
  const erasure = outbox.erase(NUMBER, { now: DAY_MS, audit: ERASURE }).then((count) => {
    resolved = true;
    return count;
  });
  while ((await outbox.count({ phoneHash: NUMBER })) > 0);
  await outbox.ready();
  t.ok(traces(path, searched).length > 0, 'and the reader still sees what was');
  t.notOk(resolved, 'so that it cannot be said to be done');
  child.send('end');
  t.equal(await erasure, LEADS / ONE_IN);
  t.strictSame(traces(path, searched), []);
  t.equal(await outbox.count({}), LEADS, 'nothing else is gone');
});

t.test('writes after an erasure bring no erased byte back', async (t) => {
  const { outbox, path, searched } = await filledWithCanaries(t, Number.MAX_SAFE_INTEGER);
  await outbox.erase(NUMBER, { now: DAY_MS, audit: ERASURE });
  await Promise.all(Array.from({ length: 500 }, (_, n) => outbox.accept(some(n * ONE_IN + 1, 0), DAY_MS)));
  t.strictSame(traces(path, searched), []);
});

t.test('the hash of a suppressed number remains only in the suppression list', async (t) => {
  const { outbox, path, searched } = await filledWithCanaries(t, Number.MAX_SAFE_INTEGER);
  await outbox.suppress(NUMBER, entry('suppress', 1_000));
  await Promise.all(Array.from({ length: 500 }, () => outbox.suppress(randomBytes(16), entry('suppress', 1_000))));
  await outbox.erase(NUMBER, { now: DAY_MS, audit: ERASURE });
  t.strictSame(traces(path, searched), ['hash of the number']);
  await outbox.unsuppress(NUMBER, entry('unsuppress', 2_000));
  t.strictSame(traces(path, searched), [], 'and nowhere once it is off the list');
});

t.test('after retention no byte of an expired lead is left', async (t) => {
  const { outbox, path, searched } = await filledWithCanaries(t, DAY_MS);
  while ((await outbox.expire(DAY_MS, 300)) > 0);
  while ((await outbox.purge(2 * DAY_MS, 300)) > 0);
  await outbox.scrub();
  t.strictSame(traces(path, searched), []);
  t.equal(await outbox.count({}), LEADS);
});

/** A database with something in its log, and a reader that keeps it there. */
function withReader(t: Test) {
  const path = join(t.testdir(), 'gateway.db');
  const database = openDatabase(path);
  const reader = new DatabaseSync(path);
  t.teardown(() => {
    reader.close();
    database.close();
  });
  reader.exec('BEGIN; SELECT count(*) FROM conversations');
  database.exec("INSERT INTO audit (at, actor, action, count, detail) VALUES (0, 'a', 'erase', 1, 'b')");
  const logSize = () => statSync(`${path}-wal`).size;
  return { database, reader, logSize };
}

t.test('a write-ahead log in use is emptied as soon as its reader is done', async (t) => {
  const { database, reader, logSize } = withReader(t);
  let looks = 0;
  await emptyLog(database, (resume) => {
    looks += 1;
    t.ok(logSize() > 0);
    if (looks === 3) reader.exec('COMMIT');
    resume();
  });
  t.equal(looks, 3);
  t.equal(logSize(), 0);
});

t.test('a reader that does not end is reported after a minute, and the next try succeeds without it', async (t) => {
  const { database, reader, logSize } = withReader(t);
  let waited = 0;
  const wait = (resume: () => void, ms: number) => {
    waited += ms;
    resume();
  };
  await t.rejects(emptyLog(database, wait), {
    name: 'StorageUnavailable',
    message: /so its write-ahead log cannot be emptied/,
  });
  t.equal(waited, EMPTY_LOG_WITHIN_MS);
  reader.exec('COMMIT');
  await emptyLog(database, wait);
  t.equal(logSize(), 0);
});

const RESIDUE_LEADS = 4_000;
const EXPIRED_BEFORE = 5_000;

/** Every lead has a number and words of its own, and three of four become final before the others; which ones is scattered. */
const isExpired = (n: number): boolean => (n * 7) % 11 < 8;
const wordOf = (n: number): string => `word-${String(n).padStart(6, '0')}`;
const saidOf = (n: number): string => `said-${String(n).padStart(6, '0')}`;
const numberOf = (n: number): string => `+1212555${String(n).padStart(4, '0')}`;

async function storeRejected(outbox: Outbox, n: number): Promise<void> {
  const e164 = numberOf(n);
  const content = lead({
    phone: { e164, callingCode: '1', national: e164.slice(2) },
    partner: 'crm',
    reference: `ref-${String(n).padStart(6, '0')}-${'x'.repeat((n * 17) % 90)}`,
    question: `${wordOf(n)} ${'y'.repeat((n * 53) % 500)}`,
  });
  const lease = await leased(outbox, 1_000, newLead({ lead: content }));
  const description = `${saidOf(n)} ${'z'.repeat((n * 31) % 120)}`;
  await outbox.settle(
    lease,
    {
      status: 'rejected',
      reason: 'other',
      attempted: true,
      description,
      facts: { outcome: 'rejected', cause: 'failure' },
    },
    isExpired(n) ? 2_000 : 9_000,
  );
}

/** Whose words, references, answers and phone hashes are in any byte of the database file, in order; as often as they are there. */
function residue(path: string): Record<'words' | 'references' | 'said' | 'hashes', number[]> {
  const file = readFileSync(path);
  const text = file.toString('latin1');
  const inOrder = (numbers: number[]) => numbers.sort((a, b) => a - b);
  const matching = (pattern: RegExp) => inOrder([...text.matchAll(pattern)].map(([, n]) => Number(n)));
  const hashes = new Map(
    Array.from({ length: RESIDUE_LEADS }, (_, n): [number, { n: number; hash: Buffer }] => {
      const hash = hashing.phone(numberOf(n));
      return [hash.readUInt32BE(0), { n, hash }];
    }),
  );
  const found: number[] = [];
  for (let at = 0; at <= file.length - 16; at += 1) {
    const one = hashes.get(file.readUInt32BE(at));
    if (one && file.compare(one.hash, 0, 16, at, at + 16) === 0) found.push(one.n);
  }
  // A reference is also a part of its lead, which this store does not seal.
  const references = [...new Set(matching(/ref-(\d{6})/g))];
  return { words: matching(/word-(\d{6})/g), references, said: matching(/said-(\d{6})/g), hashes: inOrder(found) };
}

async function filledWithWords(t: Test): Promise<{ outbox: Outbox; path: string }> {
  const open = sqliteOutbox(t);
  const outbox = open({ vault: createVault([]) });
  t.teardown(() => outbox.close());
  for (let from = 0; from < RESIDUE_LEADS; from += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, index) => storeRejected(outbox, from + index)));
  }
  while ((await outbox.purge(Number.MAX_SAFE_INTEGER, 1_000)) > 0);
  await outbox.scrub();
  return { outbox, path: open.path };
}

t.test('no page keeps a copy of an expired lead, and every other lead stays', async (t) => {
  const { outbox, path } = await filledWithWords(t);
  const all = Array.from({ length: RESIDUE_LEADS }, (_, n) => n);
  const twice = (numbers: number[]) => numbers.flatMap((n) => [n, n]);
  t.strictSame(
    residue(path),
    { words: all, references: all, said: twice(all), hashes: all },
    'before, all are there, each in one place, and answers also in the history',
  );
  while ((await outbox.expire(EXPIRED_BEFORE, 100)) > 0);
  await outbox.scrub();
  const kept = all.filter((n) => !isExpired(n));
  t.strictSame(residue(path), { words: kept, references: kept, said: twice(kept), hashes: kept });
});
