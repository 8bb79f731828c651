import type { OutboxOptions } from './options.ts';
import type { Outbox } from './port.ts';
import type { Address } from './postgres/connection.ts';
import type { PostgresOptions } from './postgres/outbox.ts';

/** Where leads are stored: a file of this machine's, or a database that several replicas share. */
export type Place =
  | { readonly kind: 'sqlite'; readonly path: string }
  | ({ readonly kind: 'postgres'; readonly poolMax: number } & Address);

/**
 * Opens the store at a place; only its own adapter and driver are loaded.
 *
 * @throws UnusableDatabase when it is not there, or not ours to use
 */
export async function openOutbox(
  place: Place,
  options: OutboxOptions & Pick<PostgresOptions, 'schema' | 'onSkew'>,
): Promise<Outbox> {
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
