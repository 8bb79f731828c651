import type { Place, RedisServer, TlsFiles } from '../domain/addresses.ts';

import type { Notifications } from '../domain/notification.ts';

import type { Operator } from '../domain/operator.ts';

import type { ProviderAccount } from '../domain/provider.ts';
import type { DailyMax, Partner, Rate, Site, UnknownOutcome } from '../domain/site.ts';
import type { WireProfile } from '../domain/wire.ts';

/** The wire profile that `UPSTREAM_XML_*` describe, and that of the file, which comes first where an account changes no part of it. */
export type GeneralWires = { readonly environment: WireProfile; readonly file?: WireProfile };

/** Everything the program was told, parsed once: frozen, of the right types, with all defaults applied. */
export type Settings = {
  readonly production: boolean;
  /** No `CONFIG_FILE`: one site `demo`, open to any page and target, on the simulator or a loopback address. */
  readonly demo: boolean;
  /** `HOST`, `PORT`, `TLS_*_FILE`: the public listener. */
  readonly listen: { readonly host: string; readonly port: number; readonly tls?: TlsFiles };
  /** Open connections of the public listener. */
  readonly maxConnections: number;
  /** CIDR blocks of our own proxies; `X-Forwarded-For` is used only when it comes from one of them. */
  readonly trustProxy: readonly string[];
  /** A visitor's limit, by site and address. */
  readonly visitorRate: Rate;
  /** How long a request waits for the first attempt before it is answered with 202. */
  readonly deliverWaitMs: number;
  /** Bound on one whole call to the provider. */
  readonly upstreamTimeoutMs: number;
  /** How failed and unknown attempts are met; a site may have its own way with unknown ones. */
  readonly retry: {
    readonly scheduleS: readonly number[];
    readonly unknown: UnknownOutcome;
    readonly resendMax: number;
  };
  /** Leads by UTC day: of one number at a site and at all sites, of a site, of one visitor at a site. */
  readonly dailyMax: DailyMax & { readonly phoneTotal: number; readonly visitor: number };
  /** `data` seal (the first) and open (all) leads at rest; empty outside production only. `hash` is for keyed hashes. */
  readonly keys: { readonly data: readonly Buffer[]; readonly hash: Buffer };
  /** Days that a final lead's personal data is kept. */
  readonly retentionDays: number;
  /** The operators' listener, where there is one. */
  readonly admin?: { readonly host: string; readonly port: number; readonly token: string };
  /** Sites with their own label in metrics. */
  readonly metricsSites: readonly string[];
  /** Reads `/metrics` on the operators' listener, and nothing else. */
  readonly metricsToken?: string;
  readonly database: Place;
  /** Where all replicas count requests together; without it each counts by itself. */
  readonly redis?: RedisServer;
  /** Where traces are sent, and which share of them; without it nothing is traced. */
  readonly tracing?: {
    readonly endpoint: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly serviceName: string;
    readonly ratio: number;
  };
  readonly logLevel: LogLevel;
  /** No `CONFIG_FILE` and no loopback `UPSTREAM_URL`: the bundled simulator plays the provider. */
  readonly simulator: boolean;
  /** Port of the console that the demo opens; 0 is any free one. */
  readonly consolePort: number;
  /** Address that the bundled simulator listens on, when it runs. */
  readonly simulatorHost: string;
  /** Port of the bundled simulator; 0 is any free one. Until it listens the demo account's `url` is a placeholder. */
  readonly simulatorPort: number;
  readonly sites: ReadonlyMap<string, Site>;
  readonly partners: ReadonlyMap<string, Partner>;
  /** The operators that may use the operators' listener beside the owner of ADMIN_TOKEN, by name. */
  readonly operators: ReadonlyMap<string, Operator>;
  readonly providers: ReadonlyMap<string, ProviderAccount>;
  /** The wire profiles of accounts that do not say otherwise. */
  readonly wires: GeneralWires;
  /** The people to tell when an operator is needed. */
  readonly notifications?: Notifications;
  /** Hosts of outgoing messages that may have an address which is not public. */
  readonly privateHosts: ReadonlySet<string>;
};

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
