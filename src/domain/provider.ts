import type { Lead } from './lead.ts';
import type { Answer } from './outcome.ts';

/** The port to the provider's API. The delivery code uses it; `upstream` implements it over HTTP. */
export interface Provider {
  /** Makes at most one call, within a bounded time. Never rejects: every fault becomes an outcome. */
  send(lead: Lead): Promise<Answer>;
  /** Waits for the calls under way and closes all connections. */
  close(): Promise<void>;
}
