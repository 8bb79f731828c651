import { type Answer, call } from './gateway.ts';
import type { Lead } from './lead.ts';
import { online, pause } from './pause.ts';
import type { Ticket } from './ticket.ts';

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
  | { readonly kind: 'stopped' };

export type Delivery = {
  /** The ticket to send with: a new one where `fresh`, else any. Throws as `fetchTicket` does. */
  readonly ticket: (fresh: boolean) => Promise<Ticket>;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
};

/** Sends a lead until it is answered: waits while offline, tries again after faults, gets another ticket where one is over. */
export async function deliver(lead: Lead, { ticket, onProgress, signal }: Delivery): Promise<Outcome> {
  let refreshed = false;
  try {
    for (let tries = 1; ; ) {
      if (!navigator.onLine) {
        onProgress('offline');
        await online(signal);
        onProgress('sending');
      }
      let answer = await attempt(lead, () => ticket(false), signal);
      if (!refreshed && /^(form_token_invalid|proof_required)$/.test(String(answer?.body.code))) {
        refreshed = true;
        answer = await attempt(lead, () => ticket(true), signal);
      }
      if (answer && answer.status < 300) return { kind: 'safe', answer };
      if (answer && !isPassing(answer.status)) return { kind: 'refused', answer };
      // A try that failed because the connection went is none; after it comes the wait for the connection.
      if (!navigator.onLine) continue;
      if (tries++ >= TRIES) return { kind: 'failed', answer };
      onProgress('retrying');
      await pause(waitMs(tries, answer?.retryAfterS), signal);
    }
  } catch (error) {
    if (signal.aborted) return { kind: 'stopped' };
    throw error;
  }
}

/** One call; undefined where no answer came. Throws only when stopped. */
async function attempt(lead: Lead, ticket: () => Promise<Ticket>, signal: AbortSignal): Promise<Answer | undefined> {
  try {
    const { rules, unavailable, readyAt, proof } = await ticket();
    if (unavailable) return unavailable;
    await pause(readyAt - performance.now(), signal);
    const evidence = { formToken: rules.formToken, proof: await proof(), trap: lead.trap || undefined };
    return await call(
      new URL('conversations', lead.base),
      {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': lead.key },
        body: JSON.stringify({ ...lead.body, ...evidence }),
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

/** The first call still runs (409), it was too slow (408), or the gateway is in trouble. */
function isPassing(status: number): boolean {
  return status === 408 || status === 409 || status >= 500;
}

/** 1, 2, 4, 8 … seconds, within a fifth, or what the gateway asks for. */
function waitMs(tries: number, retryAfterS = 0): number {
  const backoff = 500 * 2 ** (tries - 1) * (0.8 + 0.4 * Math.random());
  return Math.min(LONGEST_WAIT_MS, Math.max(backoff, retryAfterS * 1000));
}
