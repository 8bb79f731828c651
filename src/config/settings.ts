import type { Target } from '../domain/lead.ts';
import type { ProviderAccount } from '../domain/provider-account.ts';

export type { ProviderAccount as Provider, Region, WireProfile } from '../domain/provider-account.ts';

/** Everything the program was told, parsed once: frozen, of the right types, with all defaults applied. */
export type Settings = {
  readonly production: boolean;
  /** No `CONFIG_FILE`: one site `demo`, open to any page and target, on the simulator or a loopback address. */
  readonly demo: boolean;
  /** `HOST`, `PORT`, `TLS_*_FILE`: the public listener. */
  readonly listen: { readonly host: string; readonly port: number; readonly tls?: TlsFiles };
  /** Open connections of the public listener. */
  readonly maxConnections: number;
  /** CIDR blocks of our own proxies; `X-Forwarded-For` is believed from nobody else. */
  readonly trustProxy: readonly string[];
  /** A visitor's limit, by site and address. */
  readonly visitorRate: Rate;
  /** How long a caller waits for the first attempt before it is answered 202. */
  readonly deliverWaitMs: number;
  /** Bound on one whole call to the provider. */
  readonly upstreamTimeoutMs: number;
  /** How failed and unknown attempts are met; a site may have its own way with unknown ones. */
  readonly retry: {
    readonly scheduleS: readonly number[];
    readonly unknown: UnknownOutcome;
    readonly resendMax: number;
  };
  /** Leads by UTC day: of one number at a site, of a site, of one visitor. */
  readonly dailyMax: DailyMax & { readonly visitor: number };
  /** `data` seal (the first) and open (all) leads at rest; empty outside production only. `hash` is for keyed hashes. */
  readonly keys: { readonly data: readonly Buffer[]; readonly hash: Buffer };
  /** Days that a final lead's personal data is kept. */
  readonly retentionDays: number;
  /** The operators' listener, where there is one. */
  readonly admin?: { readonly host: string; readonly port: number; readonly token: string };
  /** Reads `/metrics` on the operators' listener, and nothing else. */
  readonly metricsToken?: string;
  readonly database: SqlitePlace | PostgresPlace;
  /** Where all replicas count their callers together; without it each counts by itself. */
  readonly redis?: RedisServer;
  readonly logLevel: LogLevel;
  /** No `CONFIG_FILE` and no loopback `UPSTREAM_URL`: the bundled simulator plays the provider. */
  readonly simulator: boolean;
  /** Address that the bundled simulator listens on, when it runs. */
  readonly simulatorHost: string;
  /** Port of the bundled simulator; 0 is any free one. Until it listens the demo account's `url` is a placeholder. */
  readonly simulatorPort: number;
  readonly sites: ReadonlyMap<string, Site>;
  readonly partners: ReadonlyMap<string, Partner>;
  readonly providers: ReadonlyMap<string, ProviderAccount>;
};

/** What becomes of a lead that may have arrived: sent again a few times, or left for a person. */
export type UnknownOutcome = 'resend' | 'hold';
export type DailyMax = { readonly phone: number; readonly site: number };
/** A file of this machine's, by its absolute path. */
export type SqlitePlace = { readonly kind: 'sqlite'; readonly path: string };
/** A database of a server. With `tls` its certificate is verified, against `rootCertFile` or the authorities that Node knows. */
export type PostgresPlace = {
  readonly kind: 'postgres';
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password?: string;
  readonly tls?: { readonly rootCertFile?: string };
  /** Connections of one process at most. */
  readonly poolMax: number;
};
/** A Redis or Valkey server. `database` is its number there. */
export type RedisServer = {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly database: number;
  readonly username?: string;
  readonly password?: string;
};
export type TlsFiles = { readonly certFile: string; readonly keyFile: string };
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** At most `max` requests in any window of `windowS` seconds. */
export type Rate = { readonly max: number; readonly windowS: number };

/** Which targets may be reached; `*` is all. */
export type TargetRule = {
  readonly advertiserIds: '*' | ReadonlySet<string>;
  readonly merchantIds: '*' | ReadonlySet<number>;
};

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

/** Fields of the form that a site may do without; the phone is always there. */
export const FORM_FIELDS = ['firstName', 'lastName', 'question'] as const;
export type FormField = (typeof FORM_FIELDS)[number];

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

export type Partner = {
  readonly id: string;
  /** SHA-256 of each key that is valid now, 32 bytes. */
  readonly keyHashes: readonly Buffer[];
  readonly defaultSite?: string;
  readonly sites: '*' | ReadonlySet<string>;
  /** Narrows what the site allows; absent: all that the site allows. */
  readonly targets?: TargetRule;
  readonly rate: Rate;
};
