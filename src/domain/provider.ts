import type { FailurePattern } from './failure-pattern.ts';
import type { Lead, RejectionReason } from './lead.ts';
import type { WireProfile } from './wire.ts';

/** A provider account: the endpoint, the credentials and the wire format of its calls. */
export type ProviderAccount = {
  readonly id: string;
  readonly region: Region;
  /** The endpoint: the region's own or an override. */
  readonly url: string;
  readonly providerId: number;
  readonly username: string;
  readonly password: string;
  readonly wire: WireProfile;
  /** The meaning of the account's texts, before the built-in rules. */
  readonly failurePatterns?: readonly FailurePattern[];
};

export type Region = 'na' | 'au' | 'eu';

/** The provider's endpoint of each region, from its public reference. An account may override its own. */
export const REGION_URLS: Readonly<Record<Region, string>> = {
  na: 'https://services.contactatonce.com/MobileTextConnectRestService.svc/InitiateMobileTextConversation',
  au: 'https://services.contactatonce.com.au/MobileTextConnectRestService.svc/InitiateMobileTextConversation',
  eu: 'https://services.contactatonce.co.uk/MobileTextConnectRestService.svc/InitiateMobileTextConversation',
};

/**
 * The provider of a test lead is `test:` and the id of the account that it would be sent for; no id that can be configured has a colon.
 * A lead is a test by the name of its provider and by nothing else. That name is decided when the lead is accepted and stored with it, and
 * no real account has it: no change of the configuration, and no release without test mode, can send the lead to the provider.
 */
const TEST = 'test:';

/** The provider of test leads for an account. */
export function testProviderOf(account: string): string {
  return TEST + account;
}

/** Whether leads of this provider are test leads. */
export function isTestProvider(provider: string): boolean {
  return provider.startsWith(TEST);
}

/** The `test` of a conversation whose lead is for this provider. */
export function testOf(provider: string): true | undefined {
  return isTestProvider(provider) || undefined;
}

/** The account whose document and rules apply to leads of this provider. */
export function accountOf(provider: string): string {
  return isTestProvider(provider) ? provider.slice(TEST.length) : provider;
}

/** The port to the provider's API. `leads/delivery` uses it; `provider/client.ts` implements it over HTTP. */
export interface Provider {
  /** Makes at most one call, within a bounded time. Never rejects: every fault becomes an outcome. */
  send(lead: Lead): Promise<Answer>;
  /** Waits for the calls under way and closes all connections. */
  close(): Promise<void>;
}

/** Sends test leads to the one provider and all others to the other. */
export function separateTests(real: Provider, tests: Provider): Provider {
  return {
    send: (lead) => (isTestProvider(lead.provider) ? tests : real).send(lead),
    close: async () => void (await Promise.all([real.close(), tests.close()])),
  };
}

/**
 * The outcome of one call to the provider: one of six classes (docs/architecture.md, "What the provider's answer becomes").
 * `cause` is a short stable word for logs and metrics (`timeout`, `dns`, `http_503`, …), never the upstream's text.
 * `description` is the provider's own text, capped; it may quote the lead and is for operators only.
 */
export type Outcome =
  | { readonly class: 'delivered' }
  | {
      readonly class: 'rejected';
      readonly reason: RejectionReason;
      readonly cause: string;
      readonly description?: string;
    }
  | { readonly class: 'credentials'; readonly cause: string; readonly description?: string }
  | { readonly class: 'refused'; readonly cause: string; readonly description?: string }
  | {
      readonly class: 'not_sent';
      readonly cause: string;
      readonly retryAfterMs?: number;
      readonly description?: string;
    }
  | { readonly class: 'unknown'; readonly cause: string; readonly description?: string };

export type OutcomeClass = Outcome['class'];

/** An outcome with details of the call for operators. `httpStatus` is absent if no status line arrived. */
export type Answer = {
  readonly outcome: Outcome;
  readonly httpStatus?: number;
  readonly durationMs: number;
  /**
   * The words of the outcome's description without the values of the lead and without numbers, to count equal ones. It may still
   * name somebody, as long as only one lead got it.
   */
  readonly message?: string;
  /** No call was made, because none is possible for this lead, now or later. */
  readonly uncalled?: true;
};
