import t from 'tap';
import type { Settlement } from '../../../src/domain/ports/delivery-queue.ts';
import type { Outcome } from '../../../src/domain/provider.ts';
import { RETRY_AFTER_MAX_MS, type RetryRules, settlementFor } from '../../../src/leads/delivery/policy.ts';

const NOW = 1_000_000;
const resend: RetryRules = { scheduleS: [5, 30, 120], unknown: 'resend', resendMax: 2 };
const hold: RetryRules = { ...resend, unknown: 'hold' };
const unknown: Outcome = { class: 'unknown', cause: 'timeout' };
const notSent: Outcome = { class: 'not_sent', cause: 'refused' };
const refusedCredentials: Outcome = { class: 'credentials', cause: 'http_401' };

type Case = [name: string, outcome: Outcome, rules: RetryRules, tries: number, unknowns: number, expected: Settlement];
const CASES: Case[] = [
  [
    'a success is final',
    { class: 'delivered' },
    resend,
    0,
    0,
    { status: 'delivered', attempted: true, credentials: 'accepted' },
  ],
  [
    'a refused number is final, with its reason and the text for operators',
    { class: 'rejected', reason: 'phone', cause: 'failure', description: 'bad number' },
    resend,
    0,
    0,
    { status: 'rejected', reason: 'phone', attempted: true, credentials: 'accepted', description: 'bad number' },
  ],
  [
    'a failure with an unknown text parks only its lead',
    { class: 'refused', cause: 'failure', description: 'odd' },
    resend,
    3,
    0,
    { status: 'parked', cause: 'refused', attempted: true, credentials: 'accepted', description: 'odd' },
  ],
  [
    'not sent waits for the first step',
    notSent,
    resend,
    0,
    0,
    { status: 'queued', dueAt: NOW + 5_000, attempted: true },
  ],
  [
    'not sent waits for the second step',
    notSent,
    resend,
    1,
    0,
    { status: 'queued', dueAt: NOW + 30_000, attempted: true },
  ],
  ['the last step', notSent, resend, 2, 0, { status: 'queued', dueAt: NOW + 120_000, attempted: true }],
  [
    'a lead that was not sent is parked after the last step',
    notSent,
    resend,
    3,
    0,
    { status: 'parked', cause: 'schedule', attempted: true },
  ],
  [
    'a longer Retry-After is honoured',
    { class: 'not_sent', cause: 'http_503', retryAfterMs: 60_000 },
    resend,
    0,
    0,
    { status: 'queued', dueAt: NOW + 60_000, attempted: true },
  ],
  [
    'a shorter Retry-After does not shorten the delay',
    { class: 'not_sent', cause: 'http_503', retryAfterMs: 1_000 },
    resend,
    1,
    0,
    { status: 'queued', dueAt: NOW + 30_000, attempted: true },
  ],
  [
    'a Retry-After beyond the maximum is capped',
    { class: 'not_sent', cause: 'http_429', retryAfterMs: 1e12 },
    resend,
    0,
    0,
    { status: 'queued', dueAt: NOW + RETRY_AFTER_MAX_MS, attempted: true },
  ],
  [
    'refused credentials are retried',
    refusedCredentials,
    resend,
    0,
    0,
    { status: 'queued', dueAt: NOW + 5_000, attempted: true, credentials: 'refused' },
  ],
  [
    'refused credentials at the end of the schedule',
    refusedCredentials,
    resend,
    3,
    0,
    { status: 'parked', cause: 'schedule', attempted: true, credentials: 'refused' },
  ],
  [
    'an unknown outcome is sent again',
    unknown,
    resend,
    0,
    0,
    { status: 'queued', dueAt: NOW + 5_000, attempted: true, repeatable: true },
  ],
  [
    'a second unknown outcome is sent again',
    unknown,
    resend,
    1,
    1,
    { status: 'queued', dueAt: NOW + 30_000, attempted: true, repeatable: true },
  ],
  [
    'a third unknown outcome stays unknown',
    unknown,
    resend,
    2,
    2,
    { status: 'unknown', cause: 'repeats', attempted: true, repeatable: true },
  ],
  ['with hold it is never tried again', unknown, hold, 0, 0, { status: 'unknown', attempted: true, repeatable: true }],
  [
    'an unknown outcome at the end of the schedule',
    unknown,
    resend,
    3,
    0,
    { status: 'unknown', attempted: true, repeatable: true },
  ],
  [
    'not sent at the end of the schedule, where an earlier call may have arrived',
    notSent,
    resend,
    3,
    1,
    { status: 'unknown', attempted: true },
  ],
  [
    'refused credentials at the end of the schedule, where an earlier call may have arrived',
    refusedCredentials,
    resend,
    3,
    1,
    { status: 'unknown', attempted: true, credentials: 'refused' },
  ],
];

t.test('each outcome gives the settlement that the table states', async (t) => {
  for (const [name, outcome, rules, tries, unknowns, expected] of CASES) {
    t.strictSame(settlementFor({ outcome, tries, unknowns, now: NOW, random: 0.5 }, rules), expected, name);
  }
});

t.test(
  'credentials that were replaced since the call are no fault of the new ones, which are tried at once',
  async (t) => {
    const tried = { outcome: refusedCredentials, tries: 3, unknowns: 0, outdated: true, now: NOW, random: 0.5 };
    t.strictSame(settlementFor(tried, resend), { status: 'queued', dueAt: NOW, attempted: true });
  },
);

t.test('jitter changes a delay by up to a fifth in either direction', async (t) => {
  const dueAt = (random: number) =>
    settlementFor({ outcome: notSent, tries: 1, unknowns: 0, now: NOW, random }, resend).dueAt;
  t.equal(dueAt(0), NOW + 24_000);
  t.equal(dueAt(0.999_999_9), NOW + 36_000);
});
