import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Outbox } from '../src/domain/ports/outbox.ts';
import { createSqliteOutbox } from '../src/store/sqlite/outbox.ts';
import { createVault } from '../src/store/vault.ts';
import { median } from './child.ts';

/**
 * What a claim of a thousand due leads costs in a store of a thousand leads and in one of a million, in turns. Only the
 * ratio means anything.
 *
 *   npm run bench:claim [-- ROUNDS LARGE]
 */
const [rounds = 15, large = 1_000_000] = process.argv.slice(2).map(Number);
const DUE = 1_000;
const CPU_US = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

const folder = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
try {
  const small = await filled('small.db', 1_000);
  const big = await filled('big.db', large);
  await measure(small);
  await measure(big);
  const results: { small: number; big: number }[] = [];
  for (let round = 0; round < rounds; round += 1)
    results.push({ small: await measure(small), big: await measure(big) });
  const ratios = results.map(({ small, big }) => big / small);
  console.log(`claiming ${DUE} due leads, CPU in ms, ${rounds} rounds, medians`);
  console.log(`among 1000 stored: ${median(results.map(({ small }) => small)).toFixed(1)}`);
  console.log(`among ${large} stored: ${median(results.map(({ big }) => big)).toFixed(1)}`);
  console.log(
    `ratio: ${median(ratios).toFixed(2)} (lowest ${Math.min(...ratios).toFixed(2)}, highest ${Math.max(...ratios).toFixed(2)})`,
  );
  await small.close();
  await big.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** A store of `stored` delivered leads and a thousand that are due. */
async function filled(name: string, stored: number): Promise<Outbox> {
  const path = join(folder, name);
  const outbox = open(path);
  const lead = { site: 'demo', provider: 'default', target: { advertiserId: '1659' }, targetFrom: 'caller' } as const;
  const phone = { e164: '+14045551212', callingCode: '1', national: '4045551212' };
  for (let n = 0; n < DUE; n += 1) {
    await outbox.accept(
      {
        lead: { ...lead, phone, question: `Is it still available? (${n})` },
        phoneHash: Buffer.alloc(16, n % 256),
        request: {
          key: Buffer.from(`request ${n}`),
          fingerprint: Buffer.alloc(16),
          expiresAt: Number.MAX_SAFE_INTEGER,
        },
        caps: [],
        start: { kind: 'due', at: 1_000 + n },
      },
      1_000,
    );
  }
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA synchronous = OFF;
    BEGIN;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${stored})
    INSERT INTO conversations (id, site, provider, status, attempts, created_at, updated_at)
    SELECT printf('cnv_%030d', i), 'demo', 'default', 'delivered', 1, i, i FROM n;
    INSERT INTO leads (seq, phone_hash, lead_key, lead)
    SELECT seq, randomblob(16), randomblob(64), randomblob(300) FROM conversations WHERE status = 'delivered';
    COMMIT;
  `);
  database.close();
  return outbox;
}

function open(path: string): Outbox {
  return createSqliteOutbox(path, {
    vault: createVault([Buffer.from('a data key of 32 bytes for bench')]),
    owner: 'bench',
    leaseMs: 60_000,
    waitMs: 4_000,
    // No lead of the measurement is a suspect.
    messageKey: () => Buffer.of(1),
    capKeys: () => ({ phone: Buffer.of(1), phone_total: Buffer.of(2), site: Buffer.of(3) }),
  });
}

/** CPU time of one claim in milliseconds; the leads are due again afterwards. */
async function measure(outbox: Outbox): Promise<number> {
  const before = CPU_US();
  const claims = await outbox.claim({ providers: ['default'], limit: DUE, now: 1_000_000 });
  const spent = (CPU_US() - before) / 1_000;
  if (claims.length !== DUE) throw new Error(`${claims.length} of ${DUE} were claimed in one step`);
  await Promise.all(
    claims.map(({ lease }, n) =>
      outbox.settle(lease, { status: 'queued', dueAt: 1_000 + n, attempted: true }, 1_000_000),
    ),
  );
  return spent;
}
