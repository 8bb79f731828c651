/** The database cannot be used: it is not ours, damaged, of a newer version, or the settings did not take. */
export class UnusableDatabase extends Error {
  /** @param name of the database, without a credential */
  constructor(name: string, problem: string, options?: ErrorOptions) {
    super(`The database ${name} cannot be used: ${problem}`, options);
    this.name = 'UnusableDatabase';
  }
}
