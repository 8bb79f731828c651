import type { AuditEntry } from '../../src/domain/ports/lead-records.ts';
import type { Cap, NewLead } from '../../src/domain/ports/lead-store.ts';
import type { Outbox } from '../../src/domain/ports/outbox.ts';
import { DAY_MS } from '../../src/lib/clock.ts';
import { lead } from './lead.ts';
import { hashing, newLead } from './outbox.ts';
import { canary } from './traces.ts';

/** The phone number of the canary leads, and the audit entry of its erasure. */
export const NUMBER = hashing.phone('+14045559876');
export const ERASURE: AuditEntry = { at: DAY_MS, actor: 'cli:ann', action: 'erase', count: 0, detail: 'one number' };
export const LEADS = 1_000;
export const ONE_IN = 40;

/**
 * Fills a store whose leases last a millisecond: leads of one number among many others, in every state that leads
 * reach: left by a dead process, claimed, retried, refused with the provider's text, delivered. Returns the leads of the number.
 */
export async function fill(outbox: Outbox, expiresAt: number): Promise<NewLead[]> {
  const canaries: NewLead[] = [];
  for (let from = 0; from < LEADS; from += 50) {
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => {
        const one = some(from + index, expiresAt);
        if (one.phoneHash.toString() === NUMBER.toString()) canaries.push(one);
        return outbox.accept(one, 1_000);
      }),
    );
  }
  for (let round = 0; round < 3; round += 1) {
    const now = 10_000 + round * 1_000;
    const claims = await outbox.claim({ providers: ['default'], limit: LEADS, now });
    await Promise.all(
      claims.map(({ lease, lead: { phone } }, index) => {
        const who = phone.e164 === '+14045559876' ? 'canary-description' : 'somebody';
        const description = `${who} is refused ${'z'.repeat((index * 7) % 90)}`;
        const again = round < 2 && index % 3 === 0;
        const end = again
          ? ({ status: 'queued', dueAt: now + 500 } as const)
          : ({ status: 'rejected', reason: 'other' } as const);
        const facts = { outcome: 'refused', cause: 'failure', durationMs: index } as const;
        return outbox.settle(lease, { ...end, attempted: true, ...(index % 2 === 0 && { description, facts }) }, now);
      }),
    );
  }
  return canaries;
}

/** The lead at index `n`; some of them are canary leads. */
export function some(n: number, expiresAt: number): NewLead {
  const e164 = `+1212555${String(n).padStart(4, '0')}`;
  const others = lead({
    phone: { e164, callingCode: '1', national: e164.slice(2) },
    question: 'y'.repeat((n * 53) % 700),
  });
  const content = n % ONE_IN === 0 ? canary(n) : others;
  const caps: Cap[] = [{ kind: 'phone', key: hashing.phoneCap('demo', hashing.phone(content.phone.e164)), max: LEADS }];
  const made = newLead({ lead: content, caps, start: n % 2 === 0 ? { kind: 'due', at: 1_000 } : { kind: 'leased' } });
  return { ...made, request: { ...made.request, expiresAt } };
}
