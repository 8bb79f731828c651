/**
 * What an operator may do; each role includes the one before it.
 * - `viewer`: reads without personal data
 * - `operator`: also reveals and exports personal data, looks numbers up, sends, erases and suppresses
 * - `admin`: everything
 */
export const ROLES = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** A person or program that uses the operators' listener with a token of its own. */
export type Operator = {
  /** Stands in the audit. */
  readonly name: string;
  readonly role: Role;
  /** SHA-256 of the token. */
  readonly tokenHash: Buffer;
  /** From when on the token is refused, in milliseconds since the epoch; absent for a token that does not expire. */
  readonly expiresAt?: number;
};

/** The name of the owner of `ADMIN_TOKEN`. No operator of the configuration file may have this name. */
export const ADMIN_NAME = 'admin';
