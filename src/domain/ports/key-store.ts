/**
 * How many stored values (leads, the provider's descriptions, those of past attempts, and secrets of stored entries) need which key.
 * - `current`: `DATA_KEY`, bound to their conversation
 * - `former`: `DATA_KEY`, in the former format, which is bound to nothing
 * - `previous`: a key of `DATA_KEY_PREVIOUS`
 * - `unknown`: a key that is not configured
 * - `plain`: none; they are stored without encryption, and are refused where a key is configured
 */
export type SealedCounts = Readonly<Record<'current' | 'former' | 'previous' | 'unknown' | 'plain', number>>;

/** The columns of sealed values: the lead, the provider's latest words, its words about each attempt, and the secrets of an entry. */
export const SEALED_COLUMNS = ['lead', 'description', 'attempt', 'entry'] as const;
export type SealedColumn = (typeof SEALED_COLUMNS)[number];

export type RewrappedPage = { readonly changed: number; readonly refused: number; readonly next?: number };

/** The keys by which stored values are sealed. Every method rejects with `StorageUnavailable`. */
export interface KeyStore {
  /** Reads every sealed value's header; a second or two with a million leads. */
  sealedCounts(): Promise<SealedCounts>;
  /**
   * From now on every process seals new values bound to their conversation. Programs that cannot open those stop, and other
   * running processes follow within a minute or two.
   */
  sealBound(): Promise<void>;
  /**
   * Wraps the keys of a column anew with the current key: of the next `limit` values after the place `after`, in one short
   * transaction. A value that was erased or replaced meanwhile stays as it is.
   *
   * @param after 0 at the beginning
   * @returns how many values were changed; how many were refused, because they do not open where they are stored; and the place
   *   to continue `after`, without which the column is done
   */
  rewrap(column: SealedColumn, after: number, limit: number): Promise<RewrappedPage>;
}
