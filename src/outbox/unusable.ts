/** The database cannot be used: it is not ours, damaged, of a newer version, or the settings did not take. */
export class UnusableDatabase extends Error {
  /** @param place its name, without a credential */
  constructor(place: string, problem: string, options?: ErrorOptions) {
    super(`The database ${place} cannot be used: ${problem}`, options);
    this.name = 'UnusableDatabase';
  }
}

/** Nothing is in it yet: the gateway makes its tables at its start, and commands do not. */
export class EmptyDatabase extends Error {
  constructor() {
    super('nothing is in it; is DATABASE_URL right, and was the gateway ever started?');
    this.name = 'EmptyDatabase';
  }
}
