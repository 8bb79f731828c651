import { createHash } from 'node:crypto';
import {
  type Account,
  type AttemptFacts,
  type Lease,
  PROBE_EVERY_MS,
  type Settled,
  type Settlement,
} from '../domain/ports/delivery-queue.ts';
import { testOf } from '../domain/provider.ts';
import { DAY_MS } from '../lib/clock.ts';
import { defined } from '../lib/values.ts';
import { type Row, toBuffer } from './rows.ts';
import type { SealFormat, Vault } from './vault.ts';

/** Whether the provider of a settled lead is parked, and whether this very answer parked it. */
export type Parking = 'in-use' | 'parked' | 'just-parked';

/**
 * The result of settling a lease that was still held. A lead that a parked provider refused is parked with it, whatever the
 * settlement says.
 */
export function toSettled(lease: Lease, settlement: Settlement, now: number, parking: Parking): Settled {
  const { id, attempts, createdAt } = lease;
  const { attempted } = settlement;
  const { status, reason, dueAt }: Partial<Settlement> = parking === 'in-use' ? settlement : { status: 'parked' };
  const conversation = defined({
    id,
    status: status as Settlement['status'],
    attempts: attempted ? attempts + 1 : attempts,
    reason,
    createdAt,
    updatedAt: now,
    dueAt,
    test: testOf(lease.provider),
  });
  return { conversation, parkedProvider: parking === 'just-parked' };
}

type AboutCredentials = Settlement & { readonly account: Account };

/** Whether the answer proves that the configured credentials are accepted. */
export function acceptsCredentials(settlement: Settlement): settlement is AboutCredentials {
  return settlement.credentials === 'accepted' && settlement.account !== undefined;
}

/** Whether the answer counts as a refusal of the configured credentials. */
export function refusesCredentials(settlement: Settlement): settlement is AboutCredentials {
  return settlement.credentials === 'refused' && settlement.account !== undefined;
}

/** So many refusals in a row, each of another lead, park the provider: then its account is at fault and not the leads. */
const REFUSALS_TO_PARK = 3;
/** With two accepted targets, at least one of them is another target than the one that is refused. */
const TARGETS_TO_PROVE = 2;

/** A refused lead and the hash of its target. The target is hashed because any text can be one. */
type RefusedLead = { readonly lead: string; readonly target: string };

/** Refusals of the same credentials in a row. */
type Streak = { readonly credentials: string; readonly refusals: readonly RefusedLead[] };

/** Hashes of the targets for which these credentials were accepted, at most `TARGETS_TO_PROVE`. */
type Proof = { readonly credentials: string; readonly targets: readonly string[] };

/** The state of a provider's credentials, read from its row. */
export type ProviderRecord = { readonly parked: boolean; readonly streak?: Streak; readonly proof?: Proof };

/** @param row with streak, parked_at, credentials, proof: refusals as JSON beside their credentials, and the proof as JSON */
export function toProviderRecord(row: Row | undefined): ProviderRecord {
  const { streak, parked_at: parkedAt, credentials, proof } = row ?? {};
  return {
    parked: typeof parkedAt === 'number',
    ...(typeof credentials === 'string' &&
      typeof streak === 'string' && { streak: { credentials, refusals: JSON.parse(streak) } }),
    ...(typeof proof === 'string' && { proof: JSON.parse(proof) }),
  };
}

/** What a refusal changes: the columns to write, if any, and whether the provider is parked. */
type Refusal = {
  readonly parking: Parking;
  readonly columns?: {
    readonly streak: string;
    readonly parkedAt: number | null;
    readonly probeAt: number | null;
    readonly credentials: string;
  };
};

/**
 * Records that the provider refused its credentials for `lead`. A lead counts once, however often it is tried. Three leads park
 * the provider if they were for two targets or more. If all were for one target, they park it only if the same credentials
 * were never accepted for another target: then a single odd merchant parks nobody, and a provider with a single merchant can
 * still be parked (docs/adr/0017). Any answer but a refusal ends the streak, so that one odd merchant among good leads parks
 * nobody either.
 */
export function recordRefusal(record: ProviderRecord, account: Account, lead: string, now: number): Refusal {
  if (record.parked) return { parking: 'parked' };
  const { streak, proof } = record;
  const { credentials } = account;
  const target = hashOf(account.target);
  const before = streak?.credentials === credentials ? streak.refusals : [];
  const counted = before.some((refusal) => refusal.lead === lead);
  const ofTarget = before.filter((refusal) => refusal.target === target).length;
  const refusals = counted || ofTarget >= REFUSALS_TO_PARK ? before : [...before, { lead, target }];
  const oneTarget = refusals.every((refusal) => refusal.target === target);
  const provenForOther = proof?.credentials === credentials && proof.targets.some((other) => other !== target);
  const parks = refusals.length >= REFUSALS_TO_PARK && !(oneTarget && provenForOther);
  return {
    parking: parks ? 'just-parked' : 'in-use',
    columns: {
      streak: JSON.stringify(refusals),
      parkedAt: parks ? now : null,
      probeAt: parks ? now + PROBE_EVERY_MS : null,
      credentials,
    },
  };
}

/** Records that the provider accepted its credentials. Gives the column `proof` to write; `undefined` if it stays as it is. */
export function recordAcceptance({ proof }: ProviderRecord, { credentials, target }: Account): string | undefined {
  const targets = proof?.credentials === credentials ? proof.targets : [];
  if (targets.length >= TARGETS_TO_PROVE) return undefined;
  const hash = hashOf(target);
  if (targets.includes(hash)) return undefined;
  return JSON.stringify({ credentials, targets: [...targets, hash] } satisfies Proof);
}

/** The acceptances that this process knows to be recorded, so that settling a good lead reads nothing of its provider. */
export interface RecordedAcceptances {
  has(provider: string, account: Account): boolean;
  add(provider: string, account: Account): void;
}

export function createRecordedAcceptances(): RecordedAcceptances {
  const byProvider = new Map<string, { readonly credentials: string; readonly targets: Set<string> }>();
  return {
    has(provider, { credentials, target }) {
      const recorded = byProvider.get(provider);
      if (recorded?.credentials !== credentials) return false;
      return recorded.targets.size >= TARGETS_TO_PROVE || recorded.targets.has(target);
    },
    add(provider, { credentials, target }) {
      const recorded = byProvider.get(provider);
      if (recorded?.credentials !== credentials) byProvider.set(provider, { credentials, targets: new Set([target]) });
      else if (recorded.targets.size < TARGETS_TO_PROVE) recorded.targets.add(target);
    },
  };
}

function hashOf(target: string): string {
  return createHash('sha256').update(target).digest('base64url').slice(0, 16);
}

/** The columns of an attempt, besides its time and its next try. */
export type AttemptRow = {
  readonly id: string;
  readonly number: number;
  readonly facts: AttemptFacts;
  /** The provider's own words about this attempt, sealed. */
  readonly words: Buffer | null;
};

/**
 * The attempt that a settlement adds to the lead's history; `undefined` for none. The delivery of a lead by its first call adds
 * none: nearly all leads end so, and their conversation says all of it.
 */
export function toAttemptRow(
  { id, attempts }: Lease,
  { status, facts, description }: Settlement,
  vault: Vault,
  format?: SealFormat,
): AttemptRow | undefined {
  if (facts === undefined || (status === 'delivered' && attempts === 0)) return undefined;
  // The columns hold whole numbers.
  const { durationMs } = facts;
  const rounded = durationMs === undefined ? facts : { ...facts, durationMs: Math.round(durationMs) };
  const words = description === undefined ? null : vault.sealText(id, 'attempt', description, format);
  return { id, number: attempts + 1, facts: rounded, words };
}

/** Groups of messages that an account has at most. Further messages are counted together. */
export const GROUPS_MAX = 200;
/** The group of those further messages. Its key is the hash of no text. */
export const OTHER = { key: Buffer.alloc(0), text: 'other messages' } as const;
/**
 * A text is stored once leads of so many numbers got it. The lead's own values are taken out of it, and what the provider says
 * of one person is said of no two others (docs/adr/0031).
 */
const NUMBERS_TO_SHOW = 3;
/** A group without leads is kept so long, so that none is removed while a lead is being added to it. */
export const UNUSED_MS = DAY_MS;

/** What a lead of one more number changes in its group: the numbers seen so far, or the text if they are enough. */
type Seen = { readonly numbers: Buffer | null; readonly text: string | null };

/**
 * @param row the group with `numbers`: the first byte of the hash of each number seen so far, which identifies nobody; `text`:
 *   null as long as they are too few. Two numbers with the same byte count as one.
 * @returns `undefined` if nothing changes
 */
export function seenBy(row: Row, phoneHash: Uint8Array | undefined, text: string): Seen | undefined {
  const [byte] = phoneHash ?? [];
  if (row.text !== null || byte === undefined) return undefined;
  const before = row.numbers instanceof Uint8Array ? toBuffer(row.numbers) : Buffer.alloc(0);
  if (before.includes(byte)) return undefined;
  const numbers = Buffer.concat([before, Buffer.of(byte)]);
  return numbers.length < NUMBERS_TO_SHOW ? { numbers, text: null } : { numbers: null, text };
}

/** Removes groups that no lead has any more. The value is the time before which they were last used. */
export const REMOVE_UNUSED =
  'DELETE FROM messages WHERE used_at < $1 AND id NOT IN (SELECT message FROM tallies WHERE n <> 0)';
