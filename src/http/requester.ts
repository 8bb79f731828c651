import type { Partner, Site } from '../domain/site.ts';
import type { Patience } from './limits/shared-counts.ts';

/** What is found out about a request on its way in: the limits count by it, and its log line tells some of it. */
export type Caller = {
  /** The key of its address (`addressKey`): for counting, never logged. */
  readonly address: string;
  /** Set when a key was presented and is a partner's. */
  partner?: Partner;
  /** Set when the caller was admitted to it. */
  site?: Site;
  /** How long the request may still wait for counts that replicas share. */
  patience?: Patience;
  /** Code of the problem that it was answered with. */
  problem?: string;
};

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller;
  }
}
