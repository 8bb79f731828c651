import type { DatabaseSync } from 'node:sqlite';
import { GROUPS_MAX, OTHER, seenBy } from '../messages.ts';
import type { Store } from './database.ts';

/** Notes the group of the provider's message at the conversation, inside the transaction that settles it. */
export type RecordMessage = (id: string, provider: string, text: string, now: number) => void;

export function prepareMessages(database: DatabaseSync, messageKey: Store['messageKey']): RecordMessage {
  const find = database.prepare('SELECT id, numbers, text FROM messages WHERE provider = ? AND key = ?');
  const count = database.prepare('SELECT count(*) AS n FROM messages WHERE provider = ?');
  const add = database.prepare('INSERT INTO messages (provider, key, text) VALUES (?, ?, ?)');
  const see = database.prepare('UPDATE messages SET numbers = ?, text = ? WHERE id = ?');
  const use = database.prepare('UPDATE messages SET used_at = ? WHERE id = ?');
  const group = database.prepare('UPDATE conversations SET message = ? WHERE id = ?');
  const phone = database.prepare(
    'SELECT phone_hash FROM leads WHERE seq = (SELECT seq FROM conversations WHERE id = ?)',
  );

  const groupOf = (provider: string, text: string) => {
    const key = messageKey(text);
    const known = find.get(provider, key);
    if (known) return known;
    const full = (count.get(provider)?.n as number) >= GROUPS_MAX;
    const other = full ? find.get(provider, OTHER.key) : undefined;
    if (other) return other;
    add.run(provider, full ? OTHER.key : key, full ? OTHER.text : null);
    return find.get(provider, full ? OTHER.key : key) as NonNullable<typeof known>;
  };

  return (id, provider, text, now) => {
    const row = groupOf(provider, text);
    const seen = seenBy(row, (phone.get(id)?.phone_hash as Uint8Array | null) ?? undefined, text);
    if (seen) see.run(seen.numbers, seen.text, row.id as number);
    use.run(now, row.id as number);
    group.run(row.id as number, id);
  };
}
