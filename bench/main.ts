import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { type Child, cpuMs, median, start } from './child.ts';

/**
 * Compares the gateway with all features (durable, encrypted, limits, caps, idempotency) with a minimal handler that only
 * translates, in one run and against the same local provider. They run alternately, because the speed of a machine changes over
 * time; only the ratios are meaningful.
 *
 *   npm run bench [-- ROUNDS REQUESTS]
 */
const [rounds = 7, requests = 4_000] = process.argv.slice(2).map(Number);
const CONNECTIONS = 64;

type Round = { readonly cpuUs: number; readonly p50: number; readonly p99: number };

let sent = 0;
const folder = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
const children: Child[] = [];
try {
  const upstream = await child('bench/upstream.ts', {}, 'upstream.log');
  const bare = await child('bench/bare.ts', { UPSTREAM_URL: upstream.url }, 'bare.log');
  const gateway = await child('src/start.js', gatewayEnvironment(upstream.url), 'gateway.log');

  await load(bare, 1_000);
  await load(gateway, 1_000);
  const results: { gateway: Round; bare: Round }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const first = await load(bare, requests);
    results.push({ bare: first, gateway: await load(gateway, requests) });
  }
  report(results);
} finally {
  for (const { stop } of children) stop();
  rmSync(folder, { recursive: true, force: true });
}

async function child(script: string, env: Record<string, string>, log: string): Promise<Child> {
  const started = await start(script, env, join(folder, log));
  children.push(started);
  return started;
}

function gatewayEnvironment(upstream: string): Record<string, string> {
  return {
    PORT: '0',
    UPSTREAM_URL: upstream,
    PROVIDER_ID: '1001',
    PROVIDER_USERNAME: 'demo',
    PROVIDER_PASSWORD: 'demo-password',
    DATABASE_URL: `sqlite:${join(folder, 'gateway.db')}`,
    DATA_KEY: Buffer.from('a data key of 32 bytes for bench').toString('base64'),
    HASH_KEY: Buffer.from('a hash key of 32 bytes for bench').toString('base64'),
    RATE_LIMIT_MAX: '1000000',
    VISITOR_DAILY_MAX: '1000000',
    PHONE_DAILY_MAX: '1000000',
    PHONE_DAILY_MAX_TOTAL: '1000000',
    SITE_DAILY_MAX: '1000000',
  };
}

async function load({ url, pid }: Child, amount: number): Promise<Round> {
  const before = cpuMs(pid);
  const result = await autocannon({
    url: new URL('/conversations', url).href,
    method: 'POST',
    connections: CONNECTIONS,
    amount,
    headers: { 'content-type': 'application/json' },
    requests: [{ setupRequest: (request) => ({ ...request, body: nextBody() }) }],
  });
  if (result['2xx'] !== amount)
    throw new Error(`${amount - result['2xx']} of ${amount} requests to ${url} were not answered 2xx`);
  return { cpuUs: ((cpuMs(pid) - before) * 1_000) / amount, p50: result.latency.p50, p99: result.latency.p99 };
}

/** No two leads are the same: a repeated one would be answered as a replay. */
function nextBody(): string {
  sent += 1;
  return JSON.stringify({
    site: 'demo',
    advertiserId: '1659',
    consumer: {
      phone: `(404) 555-${String(1_000 + (sent % 9_000))}`,
      firstName: 'Ann',
      lastName: "O'Neil",
      question: `Is the 2019 Civic still available? (${sent})`,
    },
    listing: { year: '2019', make: 'Honda', model: 'Civic', vin: '2HGFC2F59KH500000' },
  });
}

function report(results: readonly { gateway: Round; bare: Round }[]): void {
  const figures = ['cpuUs', 'p50', 'p99'] as const;
  const names = { cpuUs: 'CPU a request, µs', p50: 'p50, ms', p99: 'p99, ms' };
  console.log(`${rounds} rounds of ${requests} requests each, ${CONNECTIONS} connections; medians\n`);
  console.log(['', 'bare', 'gateway', 'ratio', 'lowest', 'highest'].map((text) => text.padEnd(18)).join(''));
  for (const figure of figures) {
    const ratios = results.map(({ gateway, bare }) => gateway[figure] / bare[figure]);
    const cells = [
      median(results.map(({ bare }) => bare[figure])),
      median(results.map(({ gateway }) => gateway[figure])),
      median(ratios),
      Math.min(...ratios),
      Math.max(...ratios),
    ].map((value) => value.toFixed(2).padEnd(18));
    console.log(names[figure].padEnd(18) + cells.join(''));
  }
}
