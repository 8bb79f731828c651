/**
 * The vocabulary of the domain: a lead, its conversation and its status. All types are plain, immutable data. The table in
 * `docs/architecture.md` gives the meaning of each status and outcome.
 */

export const STATUSES = ['queued', 'delivered', 'rejected', 'held', 'unknown', 'parked'] as const;
export type Status = (typeof STATUSES)[number];

/** The merchant that a lead goes to: by the provider's advertiser id (1–64 characters) or merchant id (1–2147483647). */
export type Target = { readonly advertiserId: string } | { readonly merchantId: number };

/** What the visitor is looking at: a text that is passed on unchanged, or named values. */
export type Listing = string | Readonly<Record<string, string | number | boolean>>;

/** A number that can be dialled. `national` are its significant digits (`4045551212`), `callingCode` has no plus (`1`). */
export type Phone = { readonly e164: string; readonly callingCode: string; readonly national: string };

export type Consent = { readonly text?: string; readonly version?: string };
export type Page = { readonly url?: string; readonly title?: string };

/** A validated lead: everything that is stored of a request. Absent and blank optional fields are left out. */
export type Lead = {
  readonly site: string;
  /** The partner that sent it; absent for a visitor's browser. */
  readonly partner?: string;
  /** The partner's own id of the lead. The provider does not get it. */
  readonly reference?: string;
  /** Id of the provider account that delivers the lead; of a test lead, `testProviderOf` that account. */
  readonly provider: string;
  readonly target: Target;
  /** The source of the target. A Failure about the target is the request's mistake only if the request named it. */
  readonly targetFrom: 'caller' | 'site';
  readonly placementId?: number;
  readonly phone: Phone;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly question?: string;
  readonly listing?: Listing;
  readonly consent?: Consent;
  readonly page?: Page;
  /** The request's `Origin` header, as evidence with the consent. */
  readonly origin?: string;
};

/** Why a provider refused a lead's own data. A suppressed number looks like `phone`. */
export type RejectionReason = 'phone' | 'target' | 'other';

/** A stored lead and its state. Times are milliseconds since the epoch. */
export type Conversation = {
  /** `cnv_` and 128 random bits: it cannot be guessed, and it gives the right to read the state. */
  readonly id: string;
  readonly status: Status;
  /** Calls made to the provider so far. */
  readonly attempts: number;
  readonly reason?: RejectionReason;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Set for a test lead, which only the simulator gets. */
  readonly test?: true;
  /** When a `queued` lead is tried next. */
  readonly dueAt?: number;
};
