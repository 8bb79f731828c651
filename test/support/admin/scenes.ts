import type { RunningState } from '../../../src/admin/api/routes.ts';
import type { Lead } from '../../../src/domain/lead.ts';
import type { Settlement } from '../../../src/domain/ports/delivery-queue.ts';
import type { Outbox } from '../../../src/domain/ports/outbox.ts';
import { isoTime } from '../../../src/lib/clock.ts';
import { lead } from '../lead.ts';
import { newLead } from '../outbox.ts';
import type { AdminOptions, adminOver } from './admin.ts';
import { NOON } from './operations.ts';

/** What a gateway went through before somebody opens its console. */
export type Scene = 'empty' | 'calm' | 'burning';

const MINUTE_MS = 60_000;
const ENDPOINTS = { default: 'https://na.provider.example', 'eu-main': 'https://eu.provider.example' } as const;
const SITES = ['example-motors', 'harbour-cars', 'north-dealer-with-a-rather-long-name'] as const;

const replica = (owner: string, more: Partial<Awaited<ReturnType<RunningState['replicas']>>[number]> = {}) => ({
  owner,
  version: '1.4.2',
  startedAt: NOON - 26 * 60 * MINUTE_MS,
  seenAt: NOON - 4_000,
  breakers: {},
  settingsRefused: false,
  limits: 'shared' as const,
  ...more,
});

const account = (id: keyof typeof ENDPOINTS, region: 'na' | 'eu', more: object = {}) => ({
  id,
  region,
  endpoint: ENDPOINTS[id],
  refusedInARow: 0,
  ...more,
});

/** What the running processes say of themselves in a scene. */
const CALM_STATE: Partial<RunningState> = {
  providers: async () => [account('default', 'na'), account('eu-main', 'eu')],
  breakers: () => new Map(),
  replicas: async () => [replica('gateway-0:1:4f2a'), replica('gateway-1:1:9c07')],
};

const BURNING_STATE: Partial<RunningState> = {
  providers: async () => [
    account('default', 'na', { refusedInARow: 12 }),
    account('eu-main', 'eu', { parkedAt: NOON - 47 * MINUTE_MS, probeAt: NOON + 3 * MINUTE_MS }),
  ],
  breakers: () => new Map([[ENDPOINTS.default, 'open']]),
  refusedSettings: () => ({ since: NOON - 9 * MINUTE_MS, mistakes: 1, problems: [MISTAKE] }),
  replicas: async () => [
    replica('gateway-0:1:4f2a', { breakers: { [ENDPOINTS.default]: 'open' }, settingsRefused: true, limits: 'local' }),
    replica('gateway-1:1:9c07', { version: '1.4.1', breakers: { [ENDPOINTS.default]: 'half_open' }, overloaded: true }),
  ],
};

const MISTAKE =
  'CONFIG_FILE: line 14, column 18: sites.example-motors.dailyMax: must be at least 1. Write a number from 1 to 1,000,000.';

/** Options for the console of a scene. */
export function sceneOptions(scene: Scene): AdminOptions {
  const burning = scene === 'burning';
  const refused = { since: isoTime(NOON - 9 * MINUTE_MS), mistakes: 1, problems: [MISTAKE] };
  return {
    state: burning ? BURNING_STATE : CALM_STATE,
    console: {
      configuration: () => ({
        summary: {
          production: true,
          host: '0.0.0.0',
          port: 8080,
          sites: 3,
          retentionDays: 30,
          retryScheduleS: [5, 30],
        },
        changed: ['HOST', 'RETENTION_DAYS', 'sites'],
        loaded: { at: isoTime(NOON - 3_600_000), needsRestart: burning ? ['MAX_CONNECTIONS'] : [] },
        ...(burning && { refused }),
      }),
      ...(burning && {
        sites: async () => ({
          silent: [{ site: SITES[2], since: NOON - 20 * 60 * MINUTE_MS, missed: 34 }],
          refused: [{ site: SITES[2], origin: 'https://www.north-dealer.example', count: 58 }],
        }),
      }),
    },
  };
}

type Admin = Pick<ReturnType<typeof adminOver>, 'outbox' | 'operations' | 'entries'>;

/** Stores what a gateway has in a scene. Gives the id of a lead with a history; none where the store is empty. */
export async function playScene(scene: Scene, { outbox, operations, entries }: Admin): Promise<string | undefined> {
  if (scene === 'empty') return undefined;
  await recordActivity(outbox, scene);
  for (let n = 0; n < 30; n += 1) {
    const settlement: Settlement =
      n % 11 === 5
        ? { status: 'rejected', reason: 'phone', attempted: true }
        : { status: 'delivered', attempted: true, credentials: 'accepted' };
    await keep(outbox, { site: SITES[n % SITES.length] as string }, settlement, NOON - (40 - n) * MINUTE_MS);
  }
  await operations.suppress({ phone: '+14045559999' }, 'ann');
  const content = JSON.stringify({
    name: 'Harbour Cars',
    country: 'US',
    origins: ['https://harbour.example'],
    targets: { advertiserIds: ['7'] },
  });
  await entries.put('site', 'harbour-cars', content, { actor: 'ann' });
  if (scene === 'calm') return undefined;
  let id: string | undefined;
  for (let n = 0; n < 7; n += 1) id = await keep(outbox, { phone: number(n) }, REFUSED, NOON - (30 - n) * MINUTE_MS);
  for (let n = 0; n < 6; n += 1)
    await keep(outbox, { phone: number(20 + n), provider: 'eu-main' }, PARKED, NOON - (45 - n) * MINUTE_MS);
  await keep(
    outbox,
    { site: SITES[1] },
    { status: 'unknown', cause: 'repeats', attempted: true, repeatable: true },
    NOON,
  );
  for (let n = 0; n < 9; n += 1)
    await keep(outbox, { phone: number(40 + n) }, { ...AWAY, dueAt: NOON + 90_000 + n }, NOON - (12 - n) * MINUTE_MS);
  return id;
}

const words = 'The advertiser 1659 is not active in this campaign';
const facts = { outcome: 'refused', cause: 'failure', httpStatus: 200, durationMs: 184 } as const;
const REFUSED: Settlement = {
  status: 'parked',
  cause: 'refused',
  attempted: true,
  description: words,
  message: 'the advertiser · is not active in this campaign',
  facts,
};
const PARKED: Settlement = {
  status: 'parked',
  cause: 'provider',
  attempted: true,
  facts: { outcome: 'credentials', httpStatus: 401, durationMs: 61 },
};
const AWAY: Settlement = {
  status: 'queued',
  attempted: true,
  facts: { outcome: 'not_sent', cause: 'connect', durationMs: 2 },
};

const number = (n: number): Lead['phone'] => {
  const national = `4045551${String(200 + n)}`;
  return { e164: `+1${national}`, callingCode: '1', national };
};

/** Stores a lead and brings it to a state. */
async function keep(outbox: Outbox, changes: Partial<Lead>, settlement: Settlement, at: number): Promise<string> {
  const content = lead({ question: 'Is the 2019 Civic still available?', ...changes });
  const accepted = await outbox.accept(newLead({ lead: content, start: { kind: 'leased' } }), at);
  if (accepted.kind !== 'stored' || !accepted.lease) throw new Error('not leased');
  await outbox.settle(accepted.lease, settlement, at + 300);
  return accepted.conversation.id;
}

/** A day of calls that follow a working day; while it burns, the last half hour fails. */
async function recordActivity(outbox: Outbox, scene: Scene): Promise<void> {
  const now = Math.floor(NOON / MINUTE_MS);
  const counts = Array.from({ length: 1_440 }, (_, ago) => {
    const usual = Math.round(6 + 5 * Math.sin((now - ago) / 190) + ((ago * 7) % 4));
    const failing = scene === 'burning' && ago < 30;
    const minute = now - ago;
    return [
      { minute, kind: 'delivered', count: failing ? 0 : usual },
      { minute, kind: 'rejected', count: ago % 9 === 0 ? 1 : 0 },
      { minute, kind: 'not_sent', count: failing ? Math.ceil(usual / 2) : ago % 240 === 7 ? 3 : 0 },
      { minute, kind: 'refused', count: failing ? Math.ceil(usual / 3) : 0 },
      { minute, kind: 'credentials', count: failing ? 2 : 0 },
    ];
  });
  const state = { version: '1.4.2', startedAt: NOON, seenAt: NOON, breakers: {}, settingsRefused: false };
  const events = counts.flat().filter(({ count }) => count > 0);
  await outbox.recordActivity(state, events, { forgetBefore: 0, goneBefore: 0 });
}
