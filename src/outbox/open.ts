import type { OutboxOptions } from './options.ts';
import type { Outbox } from './port.ts';
import type { Address } from './postgres/connection.ts';
import type { PostgresOptions } from './postgres/outbox.ts';
import { UnusableDatabase } from './unusable.ts';

/** Where leads are stored: a file of this machine's, or a database that several replicas share. */
export type Place =
  | { readonly kind: 'sqlite'; readonly path: string }
  | ({ readonly kind: 'postgres'; readonly poolMax: number } & Address);

export type OpenOptions = OutboxOptions &
  Pick<PostgresOptions, 'schema' | 'clock' | 'onSkew'> & {
    /** Check value of `HASH_KEY`. */
    readonly hashCheck: Uint8Array;
  };

/**
 * Opens the store at a place; only its own adapter and driver are loaded.
 *
 * @throws UnusableDatabase when it is not there, not ours to use, or of another `HASH_KEY`: with that one no suppressed
 *   number would be known, no cap hold and no erasure find anything; StorageUnavailable
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

/** A place's name for people, without a credential. */
export function nameOfPlace(place: Place): string {
  return place.kind === 'sqlite' ? place.path : `${place.host}:${place.port}/${place.database}`;
}
