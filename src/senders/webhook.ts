import { Webhook } from 'standardwebhooks';
import { Agent, request } from 'undici';
import type { SendResult, SentMessage, WebhookReceiver } from '../domain/receiver.ts';
import { failureOf } from './failure.ts';
import { guardedLookup, hostOf, requirePublicHost } from './public-address.ts';

/** Bound on one try, from the name's resolution to the head of the answer. */
const TIMEOUT_MS = 10_000;
const CONNECT_MS = 5_000;
/** The longest wait that a receiver may ask for. */
const MAX_RETRY_AFTER_MS = 3_600_000;
const MAX_ANSWER_BYTES = 16_384;
const USER_AGENT = 'text-connect-gateway';

export interface WebhookSender {
  send(receiver: WebhookReceiver, message: SentMessage): Promise<SendResult>;
  close(): Promise<void>;
}

/**
 * Sends messages by `POST`, signed as Standard Webhooks say (https://www.standardwebhooks.com). Any 2xx is success. Redirects are
 * not followed and count as failures, because they could lead to an address that is not configured.
 *
 * @param allowed whether a host may have an address that is not public
 */
export function createWebhookSender(allowed: (host: string) => boolean, now: () => number): WebhookSender {
  const agent = new Agent({
    allowH2: false,
    pipelining: 1,
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
    connect: { timeout: CONNECT_MS, lookup: guardedLookup(allowed), rejectUnauthorized: true },
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  });
  return {
    async send({ url, secrets }, message) {
      try {
        requirePublicHost(hostOf(new URL(url)), allowed);
        const { statusCode, headers, body } = await request(url, {
          dispatcher: agent,
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'user-agent': USER_AGENT,
            ...signedHeaders(message, secrets, now()),
          },
          body: message.body,
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        // The answer's text is of no interest. A short one is read, so that the connection can be used again.
        body.dump({ limit: MAX_ANSWER_BYTES }).catch(() => undefined);
        if (statusCode >= 200 && statusCode < 300) return { kind: 'delivered' };
        const retryAfterMs = retryAfter(headers['retry-after'], now());
        return {
          kind: 'failed',
          failure: `http_${statusCode}`,
          ...(retryAfterMs !== undefined && { retryAfterMs }),
        };
      } catch (error) {
        return { kind: 'failed', failure: failureOf(error) };
      }
    },
    close: () => agent.destroy(),
  };
}

/** One signature for each secret, so that a receiver may know either of them during a rotation. */
function signedHeaders({ id, body }: SentMessage, secrets: readonly string[], now: number): Record<string, string> {
  const at = new Date(now);
  const identified = { 'webhook-id': id, 'webhook-timestamp': String(Math.floor(now / 1_000)) };
  if (secrets.length === 0) return identified;
  return {
    ...identified,
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
  };
}

/** Milliseconds of `Retry-After`, as seconds or as a date (RFC 9110, section 10.2.3). */
function retryAfter(header: string | string[] | undefined, now: number): number | undefined {
  if (typeof header !== 'string') return undefined;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), MAX_RETRY_AFTER_MS);
}
