import { type Answer, call } from './gateway.ts';
import type { Lead } from './lead.ts';
import { pause, unless } from './pause.ts';
import type { TicketDesk } from './ticket.ts';

/** Calls for one click, when nothing comes back or the gateway is in trouble: about a minute. */
const TRIES = 6;
const LONGEST_WAIT_MS = 30_000;

export type Progress = 'sending' | 'retrying' | 'offline';

export type Outcome =
  /** The gateway has it. */
  | { readonly kind: 'safe'; readonly answer: Answer }
  /** The gateway's no: the same again would be refused again, or (429) too soon. */
  | { readonly kind: 'refused'; readonly answer: Answer }
  /** All tries are used up; nobody knows whether it arrived. The same key makes another try harmless. */
  | { readonly kind: 'failed'; readonly answer: Answer | undefined }
  /** The signal fired. */
  | { readonly kind: 'stopped'; readonly answer?: undefined };

export type Delivery = {
  readonly tickets: TicketDesk;
  /** Without it there is one call: nobody waits for what comes of it. */
  readonly onProgress?: (progress: Progress) => void;
  readonly signal: AbortSignal;
};

/**
 * Sends a lead until the gateway answers: tries again after faults, gets another ticket where one is over, and while the
 * browser believes to be offline waits for the connection, but not for ever, as that belief may be wrong.
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
        // A call that failed for want of a connection does not count.
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

/** One call; undefined where no answer came. Throws only when stopped. */
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
        body: JSON.stringify({ ...lead.body, formToken: answer.body.formToken, proof: await proof(signal) }),
        // Goes on when the visitor leaves the page.
        keepalive: true,
      },
      signal,
    );
  } catch (error) {
    if (signal.aborted) throw error;
    return undefined;
  }
}

/** The gateway has it. Any other 2xx is somebody else's, such as the page of a network that wants a log-in. */
function isTaken({ status, body }: Answer): boolean {
  return (status === 201 || status === 202) && typeof body.id === 'string';
}

/**
 * The gateway's own no, which has a code; a page of a firewall has none. Not a no: the first call still runs (409), it was
 * too slow (408), or the gateway is in trouble.
 */
function isRefusal({ status, body }: Answer): boolean {
  return status === 429 || (typeof body.code === 'string' && status < 500 && status !== 408 && status !== 409);
}

/** 1, 2, 4, 8 … seconds, within a fifth, or what the gateway asks for. */
function waitMs(failures: number, retryAfterS = 0): number {
  const backoff = 500 * 2 ** failures * (0.8 + 0.4 * Math.random());
  return Math.min(LONGEST_WAIT_MS, Math.max(backoff, retryAfterS * 1000));
}
