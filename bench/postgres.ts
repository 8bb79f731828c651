import type { Accepted, NewLead } from '../src/domain/ports/lead-store.ts';
import type { Outbox } from '../src/domain/ports/outbox.ts';
import type { Address } from '../src/store/postgres/connection.ts';
import { createPostgresOutbox } from '../src/store/postgres/outbox.ts';
import { createVault } from '../src/store/vault.ts';
import { startServer } from '../test/support/postgres-server.ts';
import { median } from './child.ts';

/**
 * Measures the store on its own Postgres server on this machine: the gain of batches, the cost of a claim in a
 * store of a thousand leads and in one of a million, and how long an erasure takes there. Only ratios mean anything.
 *
 *   npm run bench:postgres [-- ROUNDS LARGE LEADS]
 */
const [rounds = 9, large = 1_000_000, leads = 4_000] = process.argv.slice(2).map(Number);
const DUE = 1_000;
const CALLERS = 64;
const LANES = 10;
let requests = 0;

const server = await startServer();
try {
  await measureBatches();
  await measureClaims();
} finally {
  await server.end();
}

/** Leads stored and settled, `CALLERS` at a time, in batches and in a transaction each over `LANES` connections; in turns. */
async function measureBatches(): Promise<void> {
  const address = await server.database();
  const batched = [await open(address, LANES)];
  const alone = await Promise.all(Array.from({ length: LANES }, () => open(address, 2, 1)));
  await through(batched);
  await through(alone);
  const results: { batched: Pass; alone: Pass }[] = [];
  for (let round = 0; round < rounds; round += 1)
    results.push({ batched: await through(batched), alone: await through(alone) });
  for (const name of ['batched', 'alone'] as const) {
    const of = (field: keyof Pass) => median(results.map((result) => result[name][field])).toFixed(1);
    console.log(`${name}: ${of('perSecond')} leads a second, accept p50 ${of('p50')} ms, p99 ${of('p99')} ms`);
  }
  const ratios = results.map(({ batched, alone }) => batched.perSecond / alone.perSecond);
  console.log(`batched against alone: ${spread(ratios)}`);
  for (const outbox of [...batched, ...alone]) await outbox.close();
}

type Pass = { readonly perSecond: number; readonly p50: number; readonly p99: number };

async function through(outboxes: readonly Outbox[]): Promise<Pass> {
  const times: number[] = [];
  let next = 0;
  const call = async (): Promise<void> => {
    while (next < leads) {
      const outbox = outboxes[next++ % outboxes.length] as Outbox;
      const before = performance.now();
      const accepted = (await outbox.accept(intakeOf({ kind: 'leased' }), Date.now())) as Accepted & { kind: 'stored' };
      times.push(performance.now() - before);
      if (accepted.lease) await outbox.settle(accepted.lease, { status: 'delivered', attempted: true }, Date.now());
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: CALLERS }, call));
  const perSecond = (leads * 1_000) / (performance.now() - begun);
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor(times.length * share)] as number;
  return { perSecond, p50: at(0.5), p99: at(0.99) };
}

/** A thousand due leads among a thousand that are stored and among many; in turns. */
async function measureClaims(): Promise<void> {
  const small = await filled(1_000);
  const big = await filled(large);
  await claim(small);
  await claim(big);
  const results: { small: number; big: number }[] = [];
  for (let round = 0; round < rounds; round += 1) results.push({ small: await claim(small), big: await claim(big) });
  console.log(`claiming ${DUE} due leads among 1000: ${median(results.map(({ small }) => small)).toFixed(1)} ms`);
  console.log(`claiming ${DUE} due leads among ${large}: ${median(results.map(({ big }) => big)).toFixed(1)} ms`);
  console.log(`ratio: ${spread(results.map(({ big, small }) => big / small))}`);
  const begun = performance.now();
  await big.erase(Buffer.alloc(16, 1), {
    now: 1_000,
    audit: { at: 1_000, actor: 'bench', action: 'erase', count: 0, detail: '' },
  });
  console.log(`an erasure among ${large}: ${(performance.now() - begun).toFixed(0)} ms`);
  await small.close();
  await big.close();
}

async function filled(stored: number): Promise<Outbox> {
  const address = await server.database();
  const outbox = await open(address, 4);
  await server.query(
    `INSERT INTO conversations (id, site, provider, status, attempts, created_at, updated_at)
     SELECT 'cnv_' || lpad(i::text, 30, '0'), 'demo', 'default', 'delivered', 1, i, i FROM generate_series(1, ${stored}) AS i;
     INSERT INTO leads SELECT seq, decode(repeat(md5(seq::text), 20), 'hex') FROM conversations;
     INSERT INTO lead_keys
     SELECT seq, decode(md5(seq::text), 'hex'), decode(repeat(md5(seq::text), 4), 'hex') FROM conversations;
     ANALYZE`,
    address,
  );
  for (let from = 0; from < DUE; from += 200)
    await Promise.all(
      Array.from({ length: 200 }, (_, n) => outbox.accept(intakeOf({ kind: 'due', at: from + n }), 1_000)),
    );
  await server.query('VACUUM ANALYZE', address);
  return outbox;
}

/** Wall time of one claim in milliseconds; the leads are due again afterwards. */
async function claim(outbox: Outbox): Promise<number> {
  const before = performance.now();
  const claims = await outbox.claim({ providers: ['default'], limit: DUE, now: 1_000_000 });
  const spent = performance.now() - before;
  if (claims.length !== DUE) throw new Error(`${claims.length} of ${DUE} were claimed in one step`);
  await Promise.all(
    claims.map(({ lease }, n) =>
      outbox.settle(lease, { status: 'queued', dueAt: 1_000 + n, attempted: true }, 1_000_000),
    ),
  );
  return spent;
}

function open(address: Address, poolMax: number, batchMax?: number): Promise<Outbox> {
  return createPostgresOutbox(address, {
    vault: createVault([Buffer.from('a data key of 32 bytes for bench')]),
    owner: `bench-${performance.now()}`,
    leaseMs: 60_000,
    waitMs: 4_000,
    // No lead of the measurement is a suspect.
    messageKey: () => Buffer.of(1),
    capKeys: () => ({ phone: Buffer.of(1), phone_total: Buffer.of(2), site: Buffer.of(3) }),
    poolMax,
    ...(batchMax !== undefined && { batchMax }),
  });
}

function intakeOf(start: NewLead['start']): NewLead {
  requests += 1;
  const phoneHash = Buffer.alloc(16);
  phoneHash.writeUInt32BE(requests, 4);
  return {
    lead: {
      site: 'demo',
      provider: 'default',
      target: { advertiserId: '1659' },
      targetFrom: 'caller',
      phone: { e164: '+14045551212', callingCode: '1', national: '4045551212' },
      question: 'Is the 2019 Civic still available, and may I see it on Saturday?',
    },
    phoneHash,
    request: { key: Buffer.from(`request ${requests}`), fingerprint: Buffer.alloc(16), expiresAt: 2 ** 50 },
    caps: [
      { kind: 'phone', key: Buffer.concat([phoneHash, Buffer.from('p')]), max: 1_000_000 },
      { kind: 'site', key: Buffer.from('site demo'), max: 100_000_000 },
    ],
    start,
  };
}

function spread(ratios: readonly number[]): string {
  return `${median(ratios).toFixed(2)} (lowest ${Math.min(...ratios).toFixed(2)}, highest ${Math.max(...ratios).toFixed(2)})`;
}
