import { hkdfSync } from 'node:crypto';
import { type Challenge, createChallenge, type Payload, randomInt, verifySolution } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/sha';
import type { Use } from '../../domain/ports/lead-store.ts';
import { Refusal } from '../../domain/refusal.ts';
import type { PageIdentity } from '../access.ts';

/** How long a challenge may be solved and its proof sent, in milliseconds: as long as a form token is good. */
export const PROOF_LASTS_MS = 7_200_000;

/**
 * Hashes that a solver needs: a number within these bounds, so that no visitor is out of luck. A plain script on a slow
 * phone makes some 50,000 SHA-256 a second; with one hash a try, checking a proof costs the gateway one.
 */
const WORK = { least: 20_000, most: 60_000 } as const;
const ALGORITHM = 'SHA-256';
const NOT_VERIFIED = { verified: false };

/** ALTCHA proofs of work, version 2 (https://altcha.org). */
export interface Proofs {
  /** A challenge for one lead of this page to this site. */
  challenge(site: string, page: PageIdentity): Promise<Challenge>;
  /**
   * @param proof base64 of a JSON object with the challenge as it was given and its solution
   * @throws Refusal `proof_required` for one that is wrong, forged, altered, over, or of another site or page
   */
  check(proof: string, site: string, page: PageIdentity): Promise<Use>;
}

/**
 * @param hashKey `HASH_KEY`; the key that signs challenges is derived from it
 * @param now milliseconds since the epoch
 * @param verify the library's verifier. The signature covers the challenge, but the verifier first handles what the visitor wrote:
 *   where it throws, the proof is wrong, and the gateway is not at fault
 */
export function createProofs(hashKey: Buffer, now: () => number, verify = verifySolution): Proofs {
  const hmacSignatureSecret = Buffer.from(
    hkdfSync('sha256', hashKey, '', 'text-connect-gateway proof of work', 32),
  ).toString('hex');
  return {
    challenge: (site, page) =>
      createChallenge({
        algorithm: ALGORITHM,
        cost: 1,
        counter: randomInt(WORK.most, WORK.least),
        deriveKey,
        hmacSignatureSecret,
        // The library's own expiry goes by the machine's clock.
        data: { site, page, expiresAt: now() + PROOF_LASTS_MS },
      }),
    async check(proof, site, page) {
      const payload = readPayload(proof);
      if (!payload) throw wrong('Is not base64 of a challenge and its solution.');
      const { challenge, solution } = payload;
      const { data } = challenge.parameters;
      const { verified } = await verify({ challenge, solution, deriveKey, hmacSignatureSecret }).catch(
        () => NOT_VERIFIED,
      );
      if (!verified || data?.site !== site || data.page !== page) {
        throw wrong('Is not the solution of a challenge that this gateway made for this site and page.');
      }
      const expiresAt = Number(data.expiresAt);
      if (now() >= expiresAt) throw wrong('Is of a challenge older than two hours.');
      // Part of what is signed, random, and the same however the proof is written.
      return { kind: 'proof', key: Buffer.from(challenge.parameters.nonce, 'hex'), expiresAt };
    },
  };
}

function readPayload(proof: string): Payload | undefined {
  const payload = parse(Buffer.from(proof, 'base64').toString());
  return isPayload(payload) ? payload : undefined;
}

/** Checks the shape that the library relies on. The values need no check, because the signature covers them. */
function isPayload(payload: unknown): payload is Payload {
  if (!isObject(payload) || !isObject(payload.challenge) || !isObject(payload.solution)) return false;
  const { parameters, signature } = payload.challenge;
  return isObject(parameters) && typeof signature === 'string';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function wrong(detail: string): Refusal {
  return new Refusal('proof_required', `${detail} Get a new challenge.`, { pointer: '/proof' });
}
