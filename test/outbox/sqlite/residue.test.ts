import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Outbox } from '../../../src/outbox/ports/outbox.ts';
import { createVault } from '../../../src/outbox/vault.ts';
import { lead } from '../../support/lead.ts';
import { hashing, intake, leased, sqliteOutbox } from '../../support/outbox.ts';

const LEADS = 4_000;
const EXPIRED_BEFORE = 5_000;

/** Every lead has a number and words of its own, and three of four become final before the others; which ones is scattered. */
const isExpired = (n: number): boolean => (n * 7) % 11 < 8;
const wordOf = (n: number): string => `word-${String(n).padStart(6, '0')}`;
const saidOf = (n: number): string => `said-${String(n).padStart(6, '0')}`;
const numberOf = (n: number): string => `+1212555${String(n).padStart(4, '0')}`;

async function store(outbox: Outbox, n: number): Promise<void> {
  const e164 = numberOf(n);
  const content = lead({
    phone: { e164, callingCode: '1', national: e164.slice(2) },
    question: `${wordOf(n)} ${'y'.repeat((n * 53) % 500)}`,
  });
  const lease = await leased(outbox, 1_000, intake({ lead: content }));
  const description = `${saidOf(n)} ${'z'.repeat((n * 31) % 120)}`;
  await outbox.settle(
    lease,
    { status: 'rejected', reason: 'other', attempted: true, description },
    isExpired(n) ? 2_000 : 9_000,
  );
}

/** Whose words, answers and phone hashes are in any byte of the database file, in order; as often as they are there. */
function residue(path: string): Record<'words' | 'said' | 'hashes', number[]> {
  const file = readFileSync(path);
  const text = file.toString('latin1');
  const inOrder = (numbers: number[]) => numbers.sort((a, b) => a - b);
  const matching = (pattern: RegExp) => inOrder([...text.matchAll(pattern)].map(([, n]) => Number(n)));
  const hashes = new Map(
    Array.from({ length: LEADS }, (_, n): [number, { n: number; hash: Buffer }] => {
      const hash = hashing.phone(numberOf(n));
      return [hash.readUInt32BE(0), { n, hash }];
    }),
  );
  const found: number[] = [];
  for (let at = 0; at <= file.length - 16; at += 1) {
    const one = hashes.get(file.readUInt32BE(at));
    if (one && file.compare(one.hash, 0, 16, at, at + 16) === 0) found.push(one.n);
  }
  return { words: matching(/word-(\d{6})/g), said: matching(/said-(\d{6})/g), hashes: inOrder(found) };
}

async function filled(t: Test): Promise<{ outbox: Outbox; path: string }> {
  const outbox = sqliteOutbox(t)({ vault: createVault([]) });
  t.teardown(() => outbox.close());
  for (let from = 0; from < LEADS; from += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, index) => store(outbox, from + index)));
  }
  while ((await outbox.purge(Number.MAX_SAFE_INTEGER, 1_000)) > 0);
  await outbox.scrub();
  return { outbox, path: join(t.testdirName, 'gateway.db') };
}

t.test('of expired leads among others that stay, no page keeps a copy', async (t) => {
  const { outbox, path } = await filled(t);
  const all = Array.from({ length: LEADS }, (_, n) => n);
  t.strictSame(residue(path), { words: all, said: all, hashes: all }, 'before, all are there, and in one place each');
  while ((await outbox.expire(EXPIRED_BEFORE, 100)) > 0);
  await outbox.scrub();
  const kept = all.filter((n) => !isExpired(n));
  t.strictSame(residue(path), { words: kept, said: kept, hashes: kept });
});
