import { randomBytes } from 'node:crypto';
import type { Test } from 'tap';
import { createEntryOperations } from '../../../src/admin/operations/entries.ts';
import { createOperations } from '../../../src/admin/operations/operations.ts';
import { entryContext, readParts } from '../../../src/app/stored.ts';
import { createEntryChecker } from '../../../src/config/entries.ts';
import type { Lead, Status } from '../../../src/domain/lead.ts';
import type { Settlement } from '../../../src/domain/ports/delivery-queue.ts';
import type { Outbox } from '../../../src/domain/ports/outbox.ts';
import { load } from '../config/load.ts';
import { lead } from '../lead.ts';
import { hashing, newLead, sqliteOutbox } from '../outbox.ts';

export const NOON = Date.parse('2026-11-24T12:00:00Z');

const SETTLEMENTS: Readonly<Record<Exclude<Status, 'queued' | 'held'>, Settlement>> = {
  delivered: { status: 'delivered', attempted: true, credentials: 'accepted' },
  rejected: { status: 'rejected', reason: 'phone', attempted: true },
  unknown: { status: 'unknown', cause: 'repeats', attempted: true, repeatable: true },
  parked: {
    status: 'parked',
    cause: 'schedule',
    attempted: true,
    description: 'No such merchant',
    facts: { outcome: 'not_sent', cause: 'http_503', httpStatus: 503, durationMs: 12 },
  },
};

/** Creates operations over a real store, with the clock at noon, and a function that stores a lead of any status. */
export function operationsOver(
  t: Test,
  { openBreakers = [], outbox: given }: { openBreakers?: readonly string[]; outbox?: Outbox } = {},
) {
  const own = sqliteOutbox(t);
  const outbox = given ?? own();
  if (!given) t.teardown(() => outbox.close());
  let kicks = 0;
  const operations = createOperations({
    store: outbox,
    hashing,
    now: () => NOON,
    onQueued: () => {
      kicks += 1;
    },
    openBreakers: async () => openBreakers,
    render: ({ phone }) => `<Password>********</Password><Phone>${phone.e164}</Phone>`,
  });

  const entries = createEntryOperations({
    store: outbox,
    async checker() {
      const settings = load({});
      return createEntryChecker(entryContext(settings, await readParts(outbox, settings)));
    },
    now: () => NOON,
  });

  /** Stores a lead, brings it to a status, and gives its id. */
  const store = async (status: Status, changes: Partial<Lead> = {}, at = NOON): Promise<string> => {
    const content = lead(changes);
    const start = status === 'queued' ? ({ kind: 'due', at } as const) : ({ kind: 'leased' } as const);
    // The first lead already exceeds this cap, and does not exceed ten times the cap.
    const caps = status === 'held' ? [{ kind: 'site', key: randomBytes(16), max: 0.5 } as const] : [];
    const accepted = await outbox.accept(newLead({ lead: content, start, caps }), at);
    if (accepted.kind !== 'stored') throw new Error(`not stored: ${accepted.kind}`);
    const { conversation, lease } = accepted;
    if (status !== 'queued' && status !== 'held') {
      if (!lease) throw new Error('not leased');
      await outbox.settle(lease, SETTLEMENTS[status], at);
    }
    return conversation.id;
  };
  /** Stores a lead that was tried and is queued for another try in an hour. */
  const waiting = async (changes: Partial<Lead> = {}, credentials?: 'refused'): Promise<string> => {
    const content = lead(changes);
    const accepted = await outbox.accept(newLead({ lead: content, start: { kind: 'leased' } }), NOON);
    if (accepted.kind !== 'stored' || !accepted.lease) throw new Error('not leased');
    const account = { credentials: 'hash', target: JSON.stringify(content.target) };
    const settlement = { status: 'queued', dueAt: NOON + 3_600_000, attempted: true } as const;
    await outbox.settle(accepted.lease, credentials ? { ...settlement, credentials, account } : settlement, NOON);
    return accepted.conversation.id;
  };
  const statusOf = async (id: string): Promise<Status | undefined> => (await outbox.find(id))?.status;
  return { outbox, operations, entries, store, waiting, statusOf, kicks: () => kicks, sql: own.sql };
}
