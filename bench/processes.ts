import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import { startServer, urlOf } from '../test/support/postgres-server.ts';
import { type Child, cpuMs, median, serverCpuMs, start } from './child.ts';

/**
 * What a second and a third process bring on one machine: leads spread over one, two and three gateways on one Postgres, in
 * turns. Leads of one site and visitor, by so many callers in all and by so many for each gateway; and leads of many sites and
 * visitors. Provider, callers and Postgres run on the same cores; only ratios mean anything.
 *
 *   npm run bench:processes [-- ROUNDS LEADS]
 */
const [rounds = 7, leads = 3_000] = process.argv.slice(2).map(Number);
const CALLERS = 48;
const SITES = 1_000;
const COUNTS = [1, 2, 3] as const;

type Way = { readonly name: string; readonly sites: number; readonly callers: (processes: number) => number };
const WAYS: readonly Way[] = [
  { name: `one site, ${CALLERS} callers in all`, sites: 1, callers: (processes) => CALLERS / processes },
  { name: `one site, ${CALLERS} callers for each process`, sites: 1, callers: () => CALLERS },
  { name: `${SITES} sites, ${CALLERS} callers in all`, sites: SITES, callers: (processes) => CALLERS / processes },
];

/** CPU times are those of one lead: in all gateways, and in the Postgres server. */
type Pass = { readonly perSecond: number; readonly cpuUs: number; readonly serverCpuUs: number };

let sent = 0;
const folder = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
const children: Child[] = [];
const server = await startServer();
try {
  const upstream = await child('bench/upstream.ts', {});
  const env = { ...environment(upstream.url), DATABASE_URL: urlOf(await server.database()) };
  const gateways: Child[] = [];
  for (const _ of COUNTS) gateways.push(await child('src/start.js', env));

  for (const way of WAYS) await through(gateways, way);
  const results = new Map(WAYS.map(({ name }): [string, Pass[][]] => [name, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const way of WAYS) results.get(way.name)?.push(await pass(gateways, way));
  console.log(`${rounds} rounds of ${leads} leads, medians`);
  for (const [name, passes] of results) report(name, passes);
} finally {
  for (const { stop } of children) stop();
  await server.end();
  rmSync(folder, { recursive: true, force: true });
}

async function child(script: string, env: Record<string, string>): Promise<Child> {
  const started = await start(script, env, join(folder, `${children.length}.log`));
  children.push(started);
  return started;
}

function environment(upstream: string): Record<string, string> {
  const unlimited = [
    'RATE_LIMIT_MAX',
    'VISITOR_DAILY_MAX',
    'PHONE_DAILY_MAX',
    'PHONE_DAILY_MAX_TOTAL',
    'SITE_DAILY_MAX',
  ];
  const sites = Array.from({ length: SITES }, (_, n) => [
    `site-${n}`,
    { name: 'Bench', origins: ['*'], allowAnyOrigin: true, targets: { advertiserIds: '*' }, country: 'US' },
  ]);
  const config = join(folder, 'config.json');
  writeFileSync(config, JSON.stringify({ sites: Object.fromEntries(sites) }));
  return {
    PORT: '0',
    CONFIG_FILE: config,
    TRUST_PROXY: '127.0.0.1',
    UPSTREAM_URL: upstream,
    PROVIDER_ID: '1001',
    PROVIDER_USERNAME: 'demo',
    PROVIDER_PASSWORD: 'demo-password',
    DATA_KEY: Buffer.from('a data key of 32 bytes for bench').toString('base64'),
    HASH_KEY: Buffer.from('a hash key of 32 bytes for bench').toString('base64'),
    ...Object.fromEntries(unlimited.map((name) => [name, '1000000'])),
  };
}

/** One figure for each number of processes. */
async function pass(gateways: readonly Child[], way: Way): Promise<Pass[]> {
  const passes: Pass[] = [];
  for (const count of COUNTS) passes.push(await through(gateways.slice(0, count), way));
  return passes;
}

/** All leads, spread evenly; with the CPU that all gateways took for each. */
async function through(gateways: readonly Child[], { sites, callers }: Way): Promise<Pass> {
  const cpu = (): number => gateways.reduce((sum, { pid }) => sum + cpuMs(pid), 0);
  const share = Math.round(leads / gateways.length);
  const [before, serverBefore, begun] = [cpu(), serverCpuMs(server.folder), performance.now()];
  await Promise.all(gateways.map(({ url }) => load(url, share, sites, callers(gateways.length))));
  const took = performance.now() - begun;
  const all = share * gateways.length;
  return {
    perSecond: (all * 1_000) / took,
    cpuUs: ((cpu() - before) * 1_000) / all,
    serverCpuUs: ((serverCpuMs(server.folder) - serverBefore) * 1_000) / all,
  };
}

async function load(url: string, amount: number, sites: number, connections: number): Promise<void> {
  const result = await autocannon({
    url: new URL('/conversations', url).href,
    method: 'POST',
    connections,
    amount,
    // It ends at one of these ticks.
    sampleInt: 20,
    requests: [{ setupRequest: (request) => ({ ...request, ...next(sites) }) }],
  });
  if (result['2xx'] !== amount) throw new Error(`${amount - result['2xx']} of ${amount} leads were not answered 2xx`);
}

/** Builds a lead with a unique number, question and address; the sites alternate. */
function next(sites: number): { headers: Record<string, string>; body: string } {
  sent += 1;
  const site = sent % sites;
  return {
    headers: { 'content-type': 'application/json', 'x-forwarded-for': `10.0.${site >> 8}.${site & 255}` },
    body: JSON.stringify({
      site: `site-${site}`,
      advertiserId: '1659',
      consumer: {
        phone: `(404) 555-${1_000 + (sent % 9_000)}`,
        question: `Is the 2019 Civic still available? (${sent})`,
      },
    }),
  };
}

function report(title: string, results: readonly (readonly Pass[])[]): void {
  console.log(title);
  for (const [index, count] of COUNTS.entries()) {
    const of = (passes: readonly Pass[]): Pass => passes[index] as Pass;
    const ratios = results.map((passes) => of(passes).perSecond / (passes[0] as Pass).perSecond);
    const perSecond = median(results.map((passes) => of(passes).perSecond)).toFixed();
    const cpu = median(results.map((passes) => of(passes).cpuUs)).toFixed();
    const serverCpu = median(results.map((passes) => of(passes).serverCpuUs)).toFixed();
    const [lowest, highest] = [Math.min(...ratios).toFixed(2), Math.max(...ratios).toFixed(2)];
    console.log(
      `  ${count}: ${perSecond} a second, ${cpu} µs of the gateways' CPU a lead, ${serverCpu} µs of Postgres`,
    );
    console.log(`     ${median(ratios).toFixed(2)} times what one does (lowest ${lowest}, highest ${highest})`);
  }
}
