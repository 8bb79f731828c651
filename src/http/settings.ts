import type { TlsFiles } from '../domain/addresses.ts';
import type { Partner, Rate, Site } from '../domain/site.ts';

/** The settings of the public listener. Sites, partners and rates may be replaced while it runs: read them at each request. */
export type AppSettings = {
  readonly listen: { readonly host: string; readonly port: number; readonly tls?: TlsFiles };
  /** Largest number of open connections. */
  readonly maxConnections: number;
  /** CIDR blocks of the proxies whose `X-Forwarded-For` is used. */
  readonly trustProxy: readonly string[];
  readonly visitorRate: Rate;
  /** How long a request waits for the first attempt, in milliseconds. */
  readonly deliverWaitMs: number;
  readonly sites: ReadonlyMap<string, Site>;
  readonly partners: ReadonlyMap<string, Partner>;
};
