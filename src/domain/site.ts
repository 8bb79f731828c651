import type { Target } from './lead.ts';

export type Site = {
  /** The public key that buttons carry. */
  readonly key: string;
  readonly name: string;
  /** Exact serialised origins (`https://dealer.example`), or `*`: any, `null` and none. */
  readonly origins: '*' | ReadonlySet<string>;
  readonly targets: TargetRule;
  readonly defaultTarget?: Target;
  readonly placementId?: number;
  /** ISO 3166-1 alpha-2; how a number without a country is read. */
  readonly country: string;
  /** Countries whose numbers are taken; never empty. */
  readonly countries: ReadonlySet<string>;
  readonly consentRequired: boolean;
  /** What visitors agree to, where the site says so: its text in the site's own language, and its version. */
  readonly consentText?: string;
  readonly consentVersion?: string;
  /** What a visitor's form shows, and what has to come with a lead from it. */
  readonly form: SiteForm;
  /** The site's own caps and its own way with unknown outcomes, where it has them. */
  readonly dailyMax?: Partial<DailyMax>;
  readonly unknownOutcome?: UnknownOutcome;
  /** Name of a provider account. */
  readonly provider: string;
};

export type SiteForm = {
  /** Whether a script has to send a form token with a visitor's lead. */
  readonly token: 'required' | 'optional';
  /** A lead with a token younger than this is a suspect, in seconds. */
  readonly minFillS: number;
  /** When a proof of work is asked for. */
  readonly proof: 'off' | 'adaptive' | 'always';
  /** With `adaptive`: leads of an address in a UTC day that need none. */
  readonly adaptiveAfter: number;
  readonly fields: Readonly<Record<FormField, 'shown' | 'hidden' | 'required'>>;
  /** The site's own words instead of the button's, by language (lower case) and by name. */
  readonly texts: ReadonlyMap<string, Readonly<Record<string, string>>>;
};

/** Fields of the form that a site may do without; the phone is always there. */
export const FORM_FIELDS = ['firstName', 'lastName', 'question'] as const;

export type FormField = (typeof FORM_FIELDS)[number];

/** Which targets may be reached; `*` is all. */
export type TargetRule = {
  readonly advertiserIds: '*' | ReadonlySet<string>;
  readonly merchantIds: '*' | ReadonlySet<number>;
};

export type DailyMax = { readonly phone: number; readonly site: number };

/** What becomes of a lead that may have arrived: sent again a few times, or left for a person. */
export type UnknownOutcome = 'resend' | 'hold';
