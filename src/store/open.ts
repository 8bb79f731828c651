import type { Place } from '../domain/addresses.ts';
import { type Outbox, UnusableDatabase } from '../domain/ports/outbox.ts';
import type { OutboxOptions } from './options.ts';
import type { PostgresOptions } from './postgres/outbox.ts';

export type OpenOptions = OutboxOptions &
  Pick<PostgresOptions, 'schema' | 'clock' | 'onSkew'> & {
    /** Check value of `HASH_KEY`. */
    readonly hashCheck: Uint8Array;
  };

/**
 * Opens the store at a place. Only the adapter and driver of that place are loaded.
 *
 * @throws UnusableDatabase if the database cannot be reached, belongs to another program, or was hashed with another
 *   `HASH_KEY`: with a wrong key no suppressed number is recognised, no cap holds and no erasure finds anything
 * @throws StorageUnavailable
 */
export async function openOutbox(place: Place, options: OpenOptions): Promise<Outbox> {
  const outbox = await open(place, options);
  try {
    if (await outbox.isHashedWith(options.hashCheck)) return outbox;
  } catch (error) {
    await outbox.close();
    throw error;
  }
  await outbox.close();
  const problem =
    'HASH_KEY is not the one that its numbers are hashed with; set the key that it was first started with';
  throw new UnusableDatabase(nameOfPlace(place), problem);
}

async function open(place: Place, options: OpenOptions): Promise<Outbox> {
  if (place.kind === 'sqlite') {
    const { createSqliteOutbox } = await import('./sqlite/outbox.ts');
    return createSqliteOutbox(place.path, options);
  }
  const { createPostgresOutbox } = await import('./postgres/outbox.ts');
  return createPostgresOutbox(place, { ...options, poolMax: place.poolMax });
}

/** The name of a place for messages, without a credential. */
export function nameOfPlace(place: Place): string {
  return place.kind === 'sqlite' ? place.path : `${place.host}:${place.port}/${place.database}`;
}
