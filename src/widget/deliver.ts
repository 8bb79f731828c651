import { type Answer, call } from './gateway.ts';
import { toJson } from './json.ts';
import type { Lead } from './lead.ts';
import { pause, unless } from './shared.ts';
import type { TicketDesk } from './ticket.ts';

/** Calls for one click while no answer arrives or the gateway reports a fault: about one minute. */
const TRIES = 6;
const LONGEST_WAIT_MS = 30_000;

export type Progress = 'sending' | 'retrying' | 'offline';

export type Outcome =
  /** The gateway stored the lead. */
  | { readonly kind: 'safe'; readonly answer: Answer }
  /** The gateway refused the lead: the same request would be refused again, or (429) came too soon. */
  | { readonly kind: 'refused'; readonly answer: Answer }
  /** All calls failed, and it is unknown whether the lead arrived. The idempotency key makes another call harmless. */
  | { readonly kind: 'failed'; readonly answer: Answer | undefined }
  /** The signal fired. */
  | { readonly kind: 'stopped'; readonly answer?: undefined };

export type Delivery = {
  readonly tickets: TicketDesk;
  /** Without a signal there is one call only, because no caller waits for the result. */
  readonly onProgress?: (progress: Progress) => void;
  readonly signal: AbortSignal;
};

/**
 * Sends a lead until the gateway answers. It retries after faults and replaces an expired ticket. While the browser reports that
 * it is offline, it waits for the connection for a limited time, because that report may be wrong.
 */
export async function deliver(lead: Lead, { tickets, onProgress, signal }: Delivery): Promise<Outcome> {
  let refreshed = false;
  try {
    for (let failures = 0; ; ) {
      if (!navigator.onLine) onProgress?.('offline');
      const answer = await attempt(lead, tickets, signal);
      if (!refreshed && /^(form_token_invalid|proof_required)$/.test(String(answer?.body.code))) {
        refreshed = true;
        tickets.drop();
        continue;
      }
      if (answer && isTaken(answer)) return { kind: 'safe', answer };
      if (answer && isRefusal(answer)) return { kind: 'refused', answer };
      if (!onProgress) return { kind: 'failed', answer };
      if (!navigator.onLine) {
        // A call that failed because the browser is offline does not count.
        onProgress('offline');
        await pause(LONGEST_WAIT_MS, signal, 'online');
        if (navigator.onLine) onProgress('sending');
        continue;
      }
      if (++failures === TRIES) return { kind: 'failed', answer };
      onProgress('retrying');
      await pause(waitMs(failures, answer?.retryAfterS), signal);
    }
  } catch (error) {
    if (signal.aborted) return { kind: 'stopped' };
    throw error;
  }
}

/** Makes one call; `undefined` without an answer. Throws only when stopped. */
async function attempt(lead: Lead, tickets: TicketDesk, signal: AbortSignal): Promise<Answer | undefined> {
  try {
    const { answer, readyAt, proof } = await unless(signal, tickets.get(signal));
    if (answer.status === 429 || answer.status >= 500) return answer;
    await pause(readyAt - performance.now(), signal);
    return await call(
      `${lead.base}conversations`,
      {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': lead.key },
        body: toJson({ ...lead.body, formToken: answer.body.formToken, proof: await proof(signal) }),
        // `keepalive`: the call continues when the visitor leaves the page.
        keepalive: true,
      },
      signal,
    );
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined;
  }
}

/** Whether the gateway stored the lead. Any other 2xx is not from the gateway, for instance a network's log-in page. */
function isTaken({ status, body }: Answer): boolean {
  return (status === 201 || status === 202) && typeof body.id === 'string';
}

/**
 * Whether the answer is a refusal by the gateway, which has a code; a firewall's page has none. These are no refusals: the first
 * call is still running (409), the request was too slow (408), or the gateway has a fault (5xx).
 */
function isRefusal({ status, body }: Answer): boolean {
  return status === 429 || (typeof body.code === 'string' && status < 500 && status !== 408 && status !== 409);
}

/** Delay before the next call: 1, 2, 4, 8 … seconds, varied by 20 %, or the delay that the gateway asks for. */
function waitMs(failures: number, retryAfterS = 0): number {
  const backoff = 500 * 2 ** failures * (0.8 + 0.4 * Math.random());
  return Math.min(LONGEST_WAIT_MS, Math.max(backoff, retryAfterS * 1000));
}
