import { GROUPS_MAX, OTHER, seenBy } from '../messages.ts';
import type { Row } from '../rows.ts';
import type { Query, Store } from './database.ts';

/** A provider's message about a lead that is being settled. */
export type SaidOf = { readonly id: string; readonly provider: string; readonly text: string; readonly now: number };

/** Notes the groups of messages at their conversations, inside the transaction that settles them. */
export async function recordMessages(
  query: Query,
  said: readonly SaidOf[],
  messageKey: Store['messageKey'],
): Promise<void> {
  // Groups are locked in one order by all replicas.
  const keyed = said
    .map((one) => ({ ...one, key: messageKey(one.text) }))
    .sort((a, b) => Buffer.compare(orderOf(a), orderOf(b)));
  for (const { id, provider, text, now, key } of keyed) {
    const row = await groupOf(query, provider, key, now);
    const [lead] = await query(PHONE_OF, [id]);
    const seen = seenBy(row, (lead?.phone_hash as Buffer | undefined) ?? undefined, text);
    if (seen) await query(SEE, [seen.numbers, seen.text, row.id]);
    await query(GROUP, [row.id, id]);
  }
}

function orderOf({ provider, key }: { readonly provider: string; readonly key: Uint8Array }): Buffer {
  return Buffer.concat([Buffer.from(`${provider}\0`), key]);
}

/** Two replicas at the same time may exceed the limit by a few groups. */
async function groupOf(query: Query, provider: string, key: Uint8Array, now: number): Promise<Row> {
  const [known] = await query(USE, [provider, key, now]);
  if (known) return known;
  const [groups] = await query('SELECT count(*) AS n FROM messages WHERE provider = $1', [provider]);
  const full = (groups?.n as number) >= GROUPS_MAX;
  const [added] = await query(ADD, [provider, full ? OTHER.key : key, full ? OTHER.text : null, now]);
  return added as Row;
}

const USE = 'UPDATE messages SET used_at = $3 WHERE provider = $1 AND key = $2 RETURNING id, numbers, text';
const ADD = `
  INSERT INTO messages (provider, key, text, used_at) VALUES ($1, $2, $3, $4)
  ON CONFLICT (provider, key) DO UPDATE SET used_at = excluded.used_at RETURNING id, numbers, text`;
const SEE = 'UPDATE messages SET numbers = $1, text = $2 WHERE id = $3';
const GROUP = 'UPDATE conversations SET message = $1 WHERE id = $2';
const PHONE_OF = 'SELECT phone_hash FROM lead_keys WHERE seq = (SELECT seq FROM conversations WHERE id = $1)';
