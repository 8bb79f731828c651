import type { FailurePattern } from './failure-pattern.ts';
import type { Target } from './lead.ts';
import type { OpeningHours } from './opening-hours.ts';
import type { WebhookReceiver } from './receiver.ts';

/** Longer than any real origin (a scheme, a host of 253 characters, a port). A longer one is neither recorded nor looked up. */
export const ORIGIN_MAX = 280;

export type Site = {
  /** The public key that buttons carry. */
  readonly key: string;
  /** All of its leads are test leads. */
  readonly test?: boolean;
  readonly name: string;
  /** Exact serialised origins (`https://dealer.example`), or `*`: every origin, `null` and an absent header. */
  readonly origins: '*' | ReadonlySet<string>;
  readonly targets: TargetRule;
  readonly defaultTarget?: Target;
  readonly placementId?: number;
  /** ISO 3166-1 alpha-2; the country of a number without a country code. */
  readonly country: string;
  /** Countries whose numbers are accepted; never empty. */
  readonly countries: ReadonlySet<string>;
  readonly consentRequired: boolean;
  /** The text that visitors consent to, in the site's language, and the version of that text. */
  readonly consentText?: string;
  readonly consentVersion?: string;
  /** The contents of a visitor's form, and the fields that a lead from it must have. */
  readonly form: SiteForm;
  /** Override the general caps and the general rule for unknown outcomes. */
  readonly dailyMax?: Partial<DailyMax>;
  readonly unknownOutcome?: UnknownOutcome;
  /** The meaning of the provider's texts for leads of this site; it comes before that of the account. */
  readonly failurePatterns?: readonly FailurePattern[];
  /** Name of a provider account. */
  readonly provider: string;
  /** The receivers of callbacks about its leads. */
  readonly callbacks?: readonly WebhookReceiver[];
};

/** The sites that are kept in the store, of which only those in use are in memory. */
export interface StoredSites {
  /** What is known of a site without a read: `null` that there is none, `undefined` nothing. */
  peek(key: string): Site | null | undefined;
  /** The site with this key; a promise only where it has to be read. Rejects with `StorageUnavailable`. */
  find(key: string): Site | undefined | Promise<Site | undefined>;
  /** Whether any site has this origin; `*` asks for a site that any origin may use. Rejects with `StorageUnavailable`. */
  allows(origin: string): boolean | Promise<boolean>;
}

export const NO_STORED_SITES: StoredSites = { peek: () => null, find: () => undefined, allows: () => false };

export type SiteForm = {
  /** Whether a script has to send a form token with a visitor's lead. */
  readonly token: 'required' | 'optional';
  /** A lead with a token younger than this is a suspect, in seconds. */
  readonly minFillS: number;
  /** When a proof of work is required. */
  readonly proof: 'off' | 'adaptive' | 'always';
  /** With `adaptive`: leads of an address in a UTC day that need no proof. */
  readonly adaptiveAfter: number;
  readonly fields: Readonly<Record<FormField, 'shown' | 'hidden' | 'required'>>;
  /** One field for the whole name, which stands in place of those of `firstName` and `lastName`. */
  readonly name?: 'shown' | 'required';
  readonly questionFirst?: boolean;
  /** Whether the listing is the heading, unless the site has its own. */
  readonly listingHeading?: boolean;
  /** Whether the form tells afterwards which number is texted. */
  readonly confirmNumber?: boolean;
  readonly phone?: { readonly [name in 'placeholder' | 'format' | 'countryPicker']?: boolean };
  /** Minutes in which visitors usually get an answer. */
  readonly answerMinutes?: number;
  readonly hours?: OpeningHours;
  /** Absolute URLs. */
  readonly links?: { readonly [name in 'privacy' | 'terms']?: string };
  /** Whether the form says that messages may cost money and how to end them. */
  readonly textingNotice?: boolean;
  /** Page of the site to which pages of the gateway lead back. Absent: that of the form, or the first origin. */
  readonly home?: string;
  /** Texts that replace those of the button, by language (lower case) and by name. */
  readonly texts: ReadonlyMap<string, Readonly<Record<string, string>>>;
};

/** Fields of the form that a site may hide. The phone is always shown. */
export const FORM_FIELDS = ['firstName', 'lastName', 'question'] as const;

export type FormField = (typeof FORM_FIELDS)[number];

/** Which targets are allowed; `*` allows all. */
export type TargetRule = {
  readonly advertiserIds: '*' | ReadonlySet<string>;
  readonly merchantIds: '*' | ReadonlySet<number>;
};

export type DailyMax = { readonly phone: number; readonly site: number };

/** What happens to a lead that may have arrived: it is sent again a few times, or a person decides. */
export type UnknownOutcome = 'resend' | 'hold';

/** The beginning of partners' test keys: leads that come with one are test leads. */
export const TEST_KEY = 'tcg_test_';

export type Partner = {
  readonly id: string;
  /** SHA-256 of each valid key, 32 bytes. */
  readonly keyHashes: readonly Buffer[];
  readonly defaultSite?: string;
  readonly sites: '*' | ReadonlySet<string>;
  /** Narrows the targets that the site allows; absent: no further restriction. */
  readonly targets?: TargetRule;
  readonly rate: Rate;
  /** The receivers of callbacks about its leads. */
  readonly callbacks?: readonly WebhookReceiver[];
};

/** At most `max` requests in any window of `windowS` seconds. */
export type Rate = { readonly max: number; readonly windowS: number };
