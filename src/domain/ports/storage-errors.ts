/**
 * The storage is full, read-only, locked, damaged or unreachable. Nothing was stored, and the caller should try again later.
 * Every method of every store port rejects with it.
 */
export class StorageUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageUnavailable';
  }
}

/** The caller gave a cursor that no page of this store returned. */
export class InvalidCursor extends Error {
  constructor() {
    super('The cursor is not one that a page of this list gave.');
    this.name = 'InvalidCursor';
  }
}

/** The database cannot be used: it is foreign, damaged, of a newer version, or its durability settings did not take effect. */
export class UnusableDatabase extends Error {
  /** @param place the name of the database, without a credential */
  constructor(place: string, problem: string, options?: ErrorOptions) {
    super(`The database ${place} cannot be used: ${problem}`, options);
    this.name = 'UnusableDatabase';
  }
}

/** The database has no tables yet. The gateway creates them at its start; commands do not. */
export class EmptyDatabase extends Error {
  constructor() {
    super('nothing is in it; is DATABASE_URL right, and was the gateway ever started?');
    this.name = 'EmptyDatabase';
  }
}
