/**
 * An operator asked for something that cannot be done. `invalid`: the command or request itself is wrong; `not_found`:
 * what it names is not there. The message is one line for a person and never quotes personal data.
 */
export class OperationError extends Error {
  readonly code: 'invalid' | 'not_found';

  constructor(code: 'invalid' | 'not_found', message: string) {
    super(message);
    this.name = 'OperationError';
    this.code = code;
  }
}
