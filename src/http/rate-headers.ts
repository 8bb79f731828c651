import type { FastifyReply } from 'fastify';
import { Refusal } from '../domain/refusal.ts';
import type { Usage } from './limits/limits.ts';

/**
 * Tells a caller what is left of its limit (draft-ietf-httpapi-ratelimit-headers-11: `r` requests, `t` seconds, of a quota
 * `q` in a window `w`), and refuses the request when that was spent before.
 * @throws Refusal `rate_limited`
 */
export function applyUsage(reply: FastifyReply, { name, rate, remaining, resetS, exceeded }: Usage): void {
  reply.header('RateLimit', `"${name}";r=${remaining};t=${resetS}`);
  reply.header('RateLimit-Policy', `"${name}";q=${rate.max};w=${rate.windowS}`);
  if (exceeded) {
    throw new Refusal('rate_limited', `More than ${rate.max} requests came in ${rate.windowS} seconds; wait.`, {
      retryAfterS: Math.max(1, resetS),
    });
  }
}
