import type { Partner, Rate, Site } from '../domain/site.ts';
import type { ProxyLack } from './access.ts';
import type { ProblemCode } from './problem-codes.ts';

/** What is left of a limit after a request was counted. `resetS` are whole seconds until the window ends. */
export type Usage = {
  readonly name: 'reads' | 'health' | 'files' | 'attempts' | 'visitor' | 'partner';
  readonly rate: Rate;
  readonly remaining: number;
  readonly resetS: number;
  readonly exceeded: boolean;
};

/** The sender of a request, as far as hooks and routes have identified it. Limits count by it, and the log line has parts of it. */
export type Requester = {
  /** The key of its address (`addressKey`): for counting, never logged. */
  readonly address: string;
  /** Set when the request has the key of a partner. */
  partner?: Partner;
  /** Set when the request may use the site. */
  site?: Site;
  /** The limit that the answer reports in its header fields; absent where the answer reports none. */
  usage?: Usage;
  /** What a proxy in front probably lacks, where the page of a refused request is not known. */
  proxyLacks?: ProxyLack;
  /** Code of the problem that the request was answered with. */
  problem?: ProblemCode;
};

declare module 'fastify' {
  interface FastifyRequest {
    requester: Requester;
  }
}
