import type { CallbackStore } from '../../domain/ports/callback-store.ts';
import { sameSubscribers } from '../outgoing.ts';
import { type Query, type Store, toColumns } from './database.ts';

/** The receivers of changes of leads. Triggers store the messages (`migrations.ts`). */
export function createCallbacks({ database }: Store): CallbackStore {
  return {
    async subscribe(subscribers) {
      if (sameSubscribers(await database.read('SELECT destination, partner, site FROM subscribers'), subscribers))
        return;
      await database.transaction(async (query) => {
        // Other replicas wait: two that replace the rows at once would insert the same ones.
        await query('LOCK TABLE subscribers IN SHARE ROW EXCLUSIVE MODE');
        await query('DELETE FROM subscribers');
        await query(
          'INSERT INTO subscribers (destination, partner, site) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])',
          toColumns(subscribers, ({ destination, partner, site }) => [destination, partner, site], 3),
        );
      });
    },
  };
}

/** Stores the messages about erased conversations, inside the transaction under way. */
export async function storeErasedCallbacks(query: Query, seqs: readonly unknown[]): Promise<void> {
  await query('SELECT store_callbacks($1, true)', [seqs]);
}
