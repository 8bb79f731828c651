/**
 * The domain's words: a lead, its conversation, and what can become of it. Everything here is plain, immutable data;
 * the meaning of each status and outcome is the table in `docs/architecture.md`.
 */

export const STATUSES = ['queued', 'delivered', 'rejected', 'held', 'unknown', 'parked'] as const;
export type Status = (typeof STATUSES)[number];

/** The merchant that a lead goes to: the provider's own id of it (1–64 characters), or the upstream's (1–2147483647). */
export type Target = { readonly advertiserId: string } | { readonly merchantId: number };

/** What the visitor looks at: a text that is passed as it is, or named values. */
export type Listing = string | Readonly<Record<string, string | number | boolean>>;

/** A number that could be dialled. `national` are its significant digits (`4045551212`), `callingCode` has no plus (`1`). */
export type Phone = { readonly e164: string; readonly callingCode: string; readonly national: string };

export type Consent = { readonly text?: string; readonly version?: string };
export type Page = { readonly url?: string; readonly title?: string };

/** A lead that was admitted and validated: all that is ever stored of a request. Absent and blank optionals are left out. */
export type Lead = {
  readonly site: string;
  /** The partner that sent it; absent for a visitor's browser. */
  readonly partner?: string;
  /** Name of the provider account that it is delivered through. */
  readonly provider: string;
  readonly target: Target;
  /** Who named the target: a Failure that blames it is the caller's mistake only when the caller did. */
  readonly targetFrom: 'caller' | 'site';
  readonly placementId?: number;
  readonly phone: Phone;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly question?: string;
  readonly listing?: Listing;
  readonly consent?: Consent;
  readonly page?: Page;
  /** The `Origin` header that came with it, as evidence beside the consent. */
  readonly origin?: string;
};

/** Why a provider refused a lead's own data. A suppressed number looks like `phone`. */
export type RejectionReason = 'phone' | 'target' | 'other';

/** A stored lead and where it stands. Times are milliseconds since the epoch. */
export type Conversation = {
  /** `cnv_` and 128 random bits: unguessable, and the capability to read the state. */
  readonly id: string;
  readonly status: Status;
  /** Calls made to the provider so far. */
  readonly attempts: number;
  readonly reason?: RejectionReason;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** When a `queued` lead is tried next. */
  readonly dueAt?: number;
};
