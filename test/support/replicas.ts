import { join } from 'node:path';
import type { Test } from 'tap';
import { KEYS } from '../config/helper.ts';
import { leadOf, NO_LIMITS, send } from './caller.ts';
import { type RunningGateway, startGateway } from './gateway.ts';
import { type Provider, startProvider } from './provider.ts';

/** Gateways on one store, called in turn by a load balancer that the test plays. */
export type Replicas = {
  readonly provider: Provider;
  readonly all: readonly RunningGateway[];
  /** The settings that all have, for one more. */
  readonly env: Readonly<Record<string, string>>;
  /** Base URL of the next one in turn. */
  next(): string;
  /** Sends a lead of a number of its own to `url` as a visitor's; gives the status and how long it took. */
  lead(visitor: string, url?: string): Promise<{ status: number; ms: number; headers: Headers }>;
  /** Resolves when the last that every one said of its limits is that they are counted so. */
  counting(how: 'shared' | 'local'): Promise<void>;
};

/** Starts `count` of them, on the demo's site or on what `config` says; they believe the test about visitors' addresses. */
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
    DATABASE_URL: `sqlite:${join(folder, 'gateway.db')}`,
    TRUST_PROXY: '127.0.0.1',
    ...(config && { ...KEYS, CONFIG_FILE: join(folder, 'gateway.config.json') }),
    ...env,
  };
  // The first one makes the file; the others find it.
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
