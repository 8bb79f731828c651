import type { Test } from 'tap';
import type { Lease, Settlement } from '../../src/domain/ports/delivery-queue.ts';
import type { AuditEntry } from '../../src/domain/ports/lead-records.ts';
import type { Outbox } from '../../src/domain/ports/outbox.ts';
import { DAY_MS } from '../../src/lib/clock.ts';
import { GROUPS_MAX } from '../../src/store/settle.ts';
import { lead } from '../support/lead.ts';
import { hashing, leased, newLead, type OpenOutbox } from '../support/outbox.ts';

const AUDIT: AuditEntry = { at: 5_000, actor: 'cli:ann', action: 'release', count: 1, detail: 'all' };
const RARE = '(messages of fewer than three numbers)';
/** Numbers whose hashes begin with different bytes; two that begin with the same one count as one. */
const NUMBERS = numbersWithDifferentBytes(5);

/** What every store has to tell operators of what the provider says, without keeping whom it says it of. */
export function messagesContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('a message is shown once leads of three numbers got it, and is counted before', async (t) => {
    const outbox = await open(t)();
    await refuse(outbox, 0, 'no such merchant');
    await refuse(outbox, 0, 'no such merchant');
    await refuse(outbox, 1, 'no such merchant');
    await refuse(outbox, 1, 'bob is away');
    const rare = { provider: 'default', status: 'parked', cause: 'refused', message: RARE };
    t.match(await outbox.waiting(), [{ ...rare, count: 4, oldestAt: 1_000 }]);
    await refuse(outbox, 2, 'no such merchant');
    t.strictSame(await outbox.tallies(['message', 'cause']), [
      { cause: 'refused', message: 'no such merchant', count: 4 },
      { cause: 'refused', message: RARE, count: 1 },
    ]);
    await outbox.close();
  });

  t.test('what waits is told by account, status, cause and message, with its oldest lead', async (t) => {
    const outbox = await open(t)();
    for (const n of [0, 1, 2]) await refuse(outbox, n, 'no such merchant', { at: 3_000 - n });
    for (const n of [0, 1, 2, 3])
      await refuse(outbox, n, 'merchant is closed', { provider: 'b', site: 'c', at: 5_000 });
    const retried = await lease(outbox, 0, { at: 4_000 });
    await outbox.settle(retried, { status: 'queued', dueAt: 9_000, attempted: true }, 4_500);
    await outbox.accept(newLead({ start: { kind: 'held' } }), 6_000);
    await leased(outbox, 100);
    t.strictSame(await outbox.waiting(), [
      { provider: 'b', status: 'parked', cause: 'refused', message: 'merchant is closed', count: 4, oldestAt: 5_000 },
      {
        provider: 'default',
        status: 'parked',
        cause: 'refused',
        message: 'no such merchant',
        count: 3,
        oldestAt: 2_998,
      },
      { provider: 'default', status: 'queued', count: 2, oldestAt: 4_000 },
      { provider: 'default', status: 'held', cause: 'suspect', count: 1, oldestAt: 6_000 },
    ]);
    t.strictSame(await outbox.tallies(['site']), [
      { site: 'demo', count: 6 },
      { site: 'c', count: 4 },
    ]);
    await outbox.close();
  });

  t.test('a lead is counted with the last answer of the provider only', async (t) => {
    const outbox = await open(t)();
    const ids: string[] = [];
    for (const n of [0, 1, 2]) ids.push(await refuse(outbox, n, 'no such merchant'));
    await outbox.requeue({ ids }, 2, AUDIT);
    const claims = await outbox.claim({ providers: ['default'], limit: 9, now: 9_000 });
    const [delivered, unanswered] = claims.map((claim) => claim.lease) as [Lease, Lease];
    await outbox.settle(delivered, { status: 'delivered', attempted: true }, 9_000);
    await outbox.settle(unanswered, { status: 'unknown', attempted: true }, 9_000);
    t.strictSame(await outbox.tallies(['message', 'status']), [
      { status: 'delivered', count: 1 },
      { status: 'parked', message: 'no such merchant', count: 1 },
      { status: 'unknown', count: 1 },
    ]);
    await outbox.close();
  });

  t.test('an erased lead has no message, and a message without leads is removed after a day', async (t) => {
    const outbox = await open(t)();
    for (const n of [0, 1, 2]) await refuse(outbox, n, 'no such merchant');
    for (const n of [0, 1, 2])
      await outbox.erase(hashing.phone(NUMBERS[n] ?? ''), { now: 5_000, audit: { ...AUDIT, action: 'erase' } });
    t.strictSame(await outbox.tallies(['message']), [{ count: 3 }]);
    await outbox.purge(6_000 + DAY_MS, 100);
    await refuse(outbox, 3, 'no such merchant');
    t.match(await outbox.waiting(), [{ message: RARE, count: 1 }], 'it is unknown again');
    await outbox.close();
  });

  t.test('an account has so many messages at most, and counts further ones together', async (t) => {
    const outbox = await open(t)();
    const leases = await Promise.all(Array.from({ length: GROUPS_MAX + 5 }, () => lease(outbox, 0)));
    await Promise.all(
      leases.map((one, n) => outbox.settle(one, refused(`message ${String.fromCodePoint(0x4e00 + n)}`), 2_000)),
    );
    t.strictSame(await outbox.tallies(['message']), [
      { message: RARE, count: GROUPS_MAX },
      { message: 'other messages', count: 5 },
    ]);
    await outbox.close();
  });
}

type Where = { readonly at?: number; readonly provider?: string; readonly site?: string };

const refused = (message: string): Settlement => ({
  status: 'parked',
  cause: 'refused',
  attempted: true,
  description: message,
  message,
});

/** A leased lead of one of the numbers. */
function lease(
  outbox: Outbox,
  n: number,
  { at = 1_000, provider = 'default', site = 'demo' }: Where = {},
): Promise<Lease> {
  const e164 = NUMBERS[n] ?? '';
  const content = lead({ provider, site, phone: { e164, callingCode: '1', national: e164.slice(2) } });
  return leased(outbox, at, newLead({ lead: content }));
}

async function refuse(outbox: Outbox, n: number, message: string, where: Where = {}): Promise<string> {
  const one = await lease(outbox, n, where);
  await outbox.settle(one, refused(message), 2_000);
  return one.id;
}

function numbersWithDifferentBytes(count: number): string[] {
  const byByte = new Map<number, string>();
  for (let n = 0; byByte.size < count; n += 1) {
    const e164 = `+1404555${1_000 + n}`;
    const [byte = 0] = hashing.phone(e164);
    if (!byByte.has(byte)) byByte.set(byte, e164);
  }
  return [...byByte.values()];
}
