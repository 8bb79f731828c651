import { createHash } from 'node:crypto';
import { pino } from 'pino';
import type { Test } from 'tap';
import { type AdminDeps, buildAdminApp } from '../../../src/admin/api/app.ts';
import type { Principal } from '../../../src/admin/api/roles.ts';
import type { RunningState } from '../../../src/admin/api/routes.ts';
import type { Operator, Role } from '../../../src/domain/operator.ts';
import type { Outbox } from '../../../src/domain/ports/outbox.ts';
import type { Partner } from '../../../src/domain/site.ts';
import { isoTime } from '../../../src/lib/clock.ts';
import { NOON, operationsOver } from './operations.ts';

export const TOKEN = 'admin-token-of-thirty-two-letters';
export const METRICS_TOKEN = 'metrics-token-of-thirty-two-letters';

/** The token of an operator of the tests. */
export const tokenOf = (name: string): string => `token-of-${name}`;

const operatorOf = (name: string, role: Role, expiresAt?: number): Operator => ({
  name,
  role,
  tokenHash: createHash('sha256').update(tokenOf(name)).digest(),
  ...(expiresAt !== undefined && { expiresAt }),
});

/** A partner with two keys. */
export const CRM: Partner = {
  id: 'crm',
  keyHashes: [1, 2].map((byte) => Buffer.alloc(32, byte)),
  sites: '*',
  rate: { max: 10, windowS: 60 },
};

type Ask = { method?: 'GET' | 'POST' | 'DELETE' | 'HEAD' | 'OPTIONS' | 'PUT'; token?: string | null; body?: unknown };

export type AdminOptions = {
  /** The console is open, as in the demo, to this operator. */
  readonly open?: Principal;
  /** The store of the test; a new SQLite file by default. */
  readonly outbox?: Outbox;
  /** Replaces parts of the state of the running gateway. */
  readonly state?: Partial<RunningState>;
  readonly console?: Partial<AdminDeps['console']>;
};

/** Builds the operators' app over a real store; requests are injected without a socket. */
export function adminOver(t: Test, { open, outbox, state: given = {}, console: more = {} }: AdminOptions = {}) {
  const parts = operationsOver(t, { ...(outbox && { outbox }) });
  const lines: string[] = [];
  const operators = [
    operatorOf('vera', 'viewer'),
    operatorOf('olaf', 'operator'),
    operatorOf('ada', 'admin', NOON + 1),
    operatorOf('eve', 'admin', NOON),
  ];
  const released: string[] = [];
  const state: RunningState = {
    providers: async () => [
      { id: 'default', region: 'na', endpoint: 'https://na.example', refusedInARow: 0 },
      {
        id: 'eu-main',
        region: 'eu',
        endpoint: 'https://eu.example',
        refusedInARow: 7,
        parkedAt: NOON,
        probeAt: NOON + 600_000,
      },
    ],
    breakers: () => new Map([['https://eu.example', 'open']]),
    refusedSettings: () => undefined,
    replicas: async () => [
      {
        owner: 'host:1:ab',
        version: '1.2.3',
        startedAt: NOON,
        seenAt: NOON + 10_000,
        breakers: { 'https://eu.example': 'open' },
        settingsRefused: false,
      },
    ],
    callbacks: async () => [{ destination: 'callback:partner:crm:1', waiting: 3, deliveredAt: NOON }],
    notified: async () => [
      { target: 'chat', kind: 'webhook', waiting: 0 },
      { target: 'night', kind: 'mail', waiting: 2, deliveredAt: NOON, failedAt: NOON + 1_000, failure: 'smtp_550' },
    ],
    releaseProvider: async (id) => void released.push(id),
    ...given,
  };
  const building = buildAdminApp({
    operations: parts.operations,
    entries: parts.entries,
    metrics: { contentType: 'text/plain; version=0.0.4; charset=utf-8', render: async () => 'tcg_up 1\n' },
    tokens: { admin: TOKEN, metrics: METRICS_TOKEN, operators: () => operators },
    state,
    version: '1.2.3',
    findPartner: (id) => (id === 'crm' ? CRM : undefined),
    listOfPartner: parts.outbox.listOfPartner,
    console: {
      activity: parts.outbox,
      database: 'SQLite, test.db',
      sessionKey: Buffer.alloc(16, 3),
      configuration: () => ({
        summary: { production: true },
        changed: ['PORT'],
        loaded: { at: isoTime(NOON), needsRestart: [] },
      }),
      ...more,
      ...(open && { open }),
    },
    logger: pino({ base: null }, { write: (line: string) => void lines.push(line) }),
    monotonic: () => 0,
    now: () => NOON,
  });
  t.teardown(async () => (await building).close());

  const ask = async (url: string, { method = 'GET', token = TOKEN, body }: Ask = {}) => {
    const app = await building;
    const answer = await app.inject({
      method,
      url,
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      ...(body !== undefined && { payload: body as object }),
    });
    const type = String(answer.headers['content-type']);
    return {
      status: answer.statusCode,
      headers: answer.headers,
      type,
      text: answer.body,
      body: parse(type, answer.body),
    };
  };
  return { ...parts, app: building, ask, lines, released };
}

function parse(type: string, text: string): Record<string, unknown> {
  // The answer to HEAD has the type of a body and none.
  return /\bjson\b|\+json/.test(type) && text !== '' ? JSON.parse(text) : {};
}
