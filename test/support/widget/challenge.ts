import { type Challenge, createChallenge, type Payload, verifySolution } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/sha';

export const SECRET = 'a secret';

/** A challenge whose solution is the `counter`: one hash for each number below it. */
export function challengeOf(counter: number): Promise<Challenge> {
  return createChallenge({ algorithm: 'SHA-256', cost: 1, counter, deriveKey, hmacSignatureSecret: SECRET });
}

/** Whether the `proof` of a lead solves a challenge of `challengeOf`. */
export async function isProof(proof: unknown): Promise<boolean> {
  const payload: Payload = JSON.parse(Buffer.from(String(proof), 'base64').toString());
  return (await verifySolution({ ...payload, deriveKey, hmacSignatureSecret: SECRET })).verified;
}
