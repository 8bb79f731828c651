import { pino } from 'pino';
import t from 'tap';
import type { Outcome } from '../../src/conversation/outcome.ts';
import { createDelivery } from '../../src/delivery/attempt.ts';
import { settlementFor } from '../../src/delivery/policy.ts';
import type { Lease, Settlement } from '../../src/outbox/port.ts';
import { lead } from '../support/lead.ts';

const CANARIES = {
  firstName: 'Canaryfirst',
  lastName: 'Canarylast',
  question: 'Canaryquestion?',
  listing: 'Canarylisting',
};

function delivery(outcome: Outcome) {
  const lines: string[] = [];
  const settled: Settlement[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const parts = createDelivery({
    upstream: { send: async () => ({ outcome, httpStatus: 200, durationMs: 12.4 }) },
    outbox: {
      async settle({ id }: Lease, settlement: Settlement, now: number) {
        settled.push(settlement);
        return { id, status: settlement.status, attempts: 1, createdAt: 0, updatedAt: now };
      },
    },
    log,
    now: () => 5,
  });
  return { ...parts, lines, settled };
}

t.test('each outcome leaves the conversation where the table says', async (t) => {
  const cases: [Outcome, Settlement][] = [
    [{ class: 'delivered' }, { status: 'delivered' }],
    [
      { class: 'rejected', reason: 'phone', cause: 'f', description: 'no' },
      { status: 'rejected', reason: 'phone', description: 'no' },
    ],
    [
      { class: 'refused', cause: 'f', description: 'odd' },
      { status: 'parked', description: 'odd' },
    ],
    [{ class: 'credentials', cause: 'http_401' }, { status: 'queued' }],
    [{ class: 'not_sent', cause: 'dns' }, { status: 'queued' }],
    [{ class: 'unknown', cause: 'timeout' }, { status: 'queued' }],
  ];
  for (const [outcome, settlement] of cases) t.strictSame(settlementFor(outcome), settlement, outcome.class);
});

t.test('an attempt writes one line, of allowed fields only', async (t) => {
  const { attempt, lines } = delivery({ class: 'refused', cause: 'failure', description: 'Canarytext' });
  await attempt(lead({ ...CANARIES, partner: 'platform' }), { id: 'cnv_1', fence: 1 }, { requestId: 'r1' });
  t.equal(lines.length, 1);
  const { time, ...line } = JSON.parse(lines[0] ?? '');
  t.type(time, 'number');
  t.strictSame(line, {
    level: 30,
    pid: process.pid,
    hostname: line.hostname,
    event: 'attempt',
    requestId: 'r1',
    conversation: 'cnv_1',
    site: 'demo',
    partner: 'platform',
    provider: 'default',
    attempt: 1,
    class: 'refused',
    cause: 'failure',
    httpStatus: 200,
    durationMs: 12,
    status: 'parked',
    msg: 'attempt',
  });
  t.notMatch(lines[0], /Canary|4045551212/);
});

t.test('idle waits for attempts under way', async (t) => {
  const { attempt, idle, settled } = delivery({ class: 'delivered' });
  void attempt(lead(), { id: 'cnv_1', fence: 1 }, { requestId: 'r1' });
  await idle();
  t.equal(settled.length, 1);
});
