import { createHash } from 'node:crypto';
import type { Account } from './port.ts';

/** So many refusals in a row, each of another lead, and it is the account and not the lead. */
const REFUSALS_TO_PARK = 3;
/** How long a parked provider is left alone before one lead tries it again. */
export const PROBE_EVERY_MS = 600_000;
/** Whoever of two targets is refused, the other one speaks for the credentials. */
const TARGETS_TO_PROVE = 2;

/** One refused lead, and whom it was for: of a target a hash, since any text can be one. */
type Refusal = { readonly lead: string; readonly target: string };

/** A row of refusals of the same credentials. */
export type Streak = { readonly credentials: string; readonly refusals: readonly Refusal[] };

/** Targets for which credentials were accepted: enough of them to tell whether another than a given one is among them. */
export type Proof = { readonly credentials: string; readonly targets: readonly string[] };

/**
 * One more refusal, of `lead`. The same lead counts once, however often it is tried. Three leads park the provider where they
 * are for two targets or more; where all are for one, only if the same credentials were never accepted for another: an odd merchant
 * parks nobody, and a provider with a single merchant can still be parked (docs/adr/0017).
 */
export function lengthen(
  streak: Streak | undefined,
  proof: Proof | undefined,
  { credentials, target }: Account,
  lead: string,
): Streak & { readonly parks: boolean } {
  const hash = hashOf(target);
  const before = streak?.credentials === credentials ? streak.refusals : [];
  const known = before.some((refusal) => refusal.lead === lead);
  const ofTarget = before.filter((refusal) => refusal.target === hash).length;
  const refusals = known || ofTarget >= REFUSALS_TO_PARK ? before : [...before, { lead, target: hash }];
  const alone = refusals.every((refusal) => refusal.target === hash);
  const proven = proof?.credentials === credentials && proof.targets.some((other) => other !== hash);
  return { credentials, refusals, parks: refusals.length >= REFUSALS_TO_PARK && !(alone && proven) };
}

/** The proof with one more answer that accepted the credentials; `undefined` where that adds nothing. */
export function prove(proof: Proof | undefined, { credentials, target }: Account): Proof | undefined {
  const targets = proof?.credentials === credentials ? proof.targets : [];
  if (targets.length >= TARGETS_TO_PROVE) return undefined;
  const hash = hashOf(target);
  return targets.includes(hash) ? undefined : { credentials, targets: [...targets, hash] };
}

/** As an adapter keeps them: the refusals as JSON beside their credentials, the proof as JSON. */
export function readStreak(credentials: unknown, refusals: unknown): Streak | undefined {
  return typeof credentials === 'string' && typeof refusals === 'string'
    ? { credentials, refusals: JSON.parse(refusals) }
    : undefined;
}

export function readProof(proof: unknown): Proof | undefined {
  return typeof proof === 'string' ? JSON.parse(proof) : undefined;
}

/** What this process knows to be proven, so that a good lead reads nothing of its provider. */
export interface Proven {
  has(provider: string, account: Account): boolean;
  add(provider: string, account: Account): void;
}

export function createProven(): Proven {
  const known = new Map<string, { readonly credentials: string; readonly targets: Set<string> }>();
  return {
    has(provider, { credentials, target }) {
      const proven = known.get(provider);
      return (
        proven?.credentials === credentials && (proven.targets.size >= TARGETS_TO_PROVE || proven.targets.has(target))
      );
    },
    add(provider, { credentials, target }) {
      const proven = known.get(provider);
      if (proven?.credentials !== credentials) known.set(provider, { credentials, targets: new Set([target]) });
      else if (proven.targets.size < TARGETS_TO_PROVE) proven.targets.add(target);
    },
  };
}

function hashOf(target: string): string {
  return createHash('sha256').update(target).digest('base64url').slice(0, 16);
}
