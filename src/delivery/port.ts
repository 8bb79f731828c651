import type { Answer } from '../conversation/outcome.ts';
import type { Lead } from '../conversation/types.ts';

/** The provider, as delivery sees it. `send` makes at most one call, never throws, and is bounded in time. */
export interface Upstream {
  send(lead: Lead): Promise<Answer>;
  close(): Promise<void>;
}
