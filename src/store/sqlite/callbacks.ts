import type { DatabaseSync } from 'node:sqlite';
import type { CallbackStore } from '../../domain/ports/callback-store.ts';
import { sameSubscribers } from '../outgoing.ts';
import type { Store } from './database.ts';

/** The receivers of changes of leads. Triggers store the messages (`migrations.ts`). */
export function createCallbacks({ database, writer, read }: Store): CallbackStore {
  const stored = database.prepare('SELECT destination, partner, site FROM subscribers');
  const clear = database.prepare('DELETE FROM subscribers');
  const insert = database.prepare('INSERT INTO subscribers (destination, partner, site) VALUES (?, ?, ?)');
  return {
    async subscribe(subscribers) {
      if (sameSubscribers(await read(() => stored.all()), subscribers)) return;
      await writer.write(() => {
        clear.run();
        for (const { destination, partner, site } of subscribers)
          insert.run(destination, partner ?? null, site ?? null);
      });
    },
  };
}

/** Gives a function that stores the messages about an erased conversation, inside the transaction under way. */
export function prepareErasedCallbacks(database: DatabaseSync): (seq: number, now: number) => void {
  const insert = database.prepare(
    `INSERT INTO outgoing (id, destination, ordering, body, created_at, expires_at, next_at)
     SELECT id, destination, ordering,
       json_object('type', 'conversation.erased', 'timestamp', json_extract(data, '$.updatedAt'), 'data', json(data)),
       ?1, ?1 + 259200000, ?1
     FROM callbacks WHERE seq = ?2`,
  );
  return (seq, now) => void insert.run(now, seq);
}
