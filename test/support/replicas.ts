import { join } from 'node:path';
import type { Test } from 'tap';
import { leadOf, NO_LIMITS, send } from './caller.ts';
import { KEYS } from './config/load.ts';
import { type RunningGateway, startGateway } from './gateway.ts';
import { memoryFolder } from './memory-folder.ts';
import { type Provider, startProvider } from './provider.ts';

/** Gateways on one store that the test calls in turn, like a load balancer. */
export type Replicas = {
  readonly provider: Provider;
  readonly all: readonly RunningGateway[];
  /** The settings of every gateway, for starting one more. */
  readonly env: Readonly<Record<string, string>>;
  /** Base URL of the next gateway in turn. */
  next(): string;
  /** Sends a lead with a unique number to `url` from a visitor's address; returns the status and the duration. */
  lead(visitor: string, url?: string): Promise<{ status: number; ms: number; headers: Headers }>;
  /** Resolves when the latest log line of every gateway about its limits states this way of counting. */
  counting(how: 'shared' | 'local'): Promise<void>;
};

/** Starts `count` gateways, on the demo's site or with the file `config`. They trust the test's `X-Forwarded-For`. */
export async function startReplicas(
  t: Test,
  count: number,
  env: Readonly<Record<string, string>> = {},
  config?: object,
): Promise<Replicas> {
  const provider = await startProvider(t);
  const folder = t.testdir({ 'gateway.config.json': JSON.stringify(config ?? null) });
  const common = {
    ...NO_LIMITS,
    ...provider.env,
    DATABASE_URL: `sqlite:${join(memoryFolder(t), 'gateway.db')}`,
    TRUST_PROXY: '127.0.0.1',
    ...(config && { ...KEYS, CONFIG_FILE: join(folder, 'gateway.config.json') }),
    ...env,
  };
  // The first gateway creates the file; the others open it.
  const all = [await startGateway(t, common)];
  all.push(...(await Promise.all(Array.from({ length: count - 1 }, () => startGateway(t, common)))));
  let turn = 0;
  let leads = 0;
  const next = (): string => all[turn++ % all.length]?.url ?? '';
  return {
    provider,
    all,
    env: common,
    next,
    async lead(visitor, url = next()) {
      leads += 1;
      const began = performance.now();
      const { status, headers } = await send(url, leadOf(leads), { 'x-forwarded-for': visitor });
      return { status, headers, ms: performance.now() - began };
    },
    async counting(how) {
      const last = ({ lines }: RunningGateway) => lines.findLast(({ event }) => event?.startsWith('limits_'))?.event;
      await Promise.all(all.map((gateway) => gateway.line(() => last(gateway) === `limits_${how}`)));
    },
  };
}
