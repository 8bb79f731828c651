import { unless } from './pause.ts';
import type { Challenge } from './proof.ts';
import type { TextUsField, TextUsTexts } from './types.ts';

/** Milliseconds for one whole call; after that nobody knows whether it arrived. */
const TIMEOUT_MS = 10_000;

export type Answer = {
  readonly status: number;
  /** Parsed JSON; empty where there is none. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Seconds. */
  readonly retryAfterS: number | undefined;
};

/** What `GET /sites/{key}/form` tells of a site. */
export type FormRules = {
  readonly fields?: Readonly<Record<string, TextUsField>>;
  readonly texts?: TextUsTexts;
  readonly consent?: { readonly required?: boolean; readonly text?: string; readonly version?: string };
  readonly formToken?: string;
  /** Seconds that a person takes at least; a lead that comes sooner is suspect. */
  readonly minFillS?: number;
  readonly challenge?: Challenge;
};

/**
 * One call with a time-out. Any answer resolves, whatever its status.
 *
 * @throws where no answer came: network, time-out, or the signal
 */
export function call(url: string, init: RequestInit, signal: AbortSignal): Promise<Answer> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, TIMEOUT_MS);
  const answer = async (): Promise<Answer> => {
    const response = await fetch(url, {
      ...init,
      cache: 'no-store',
      credentials: 'omit',
      // The gateway sends nobody on: who does is none.
      redirect: 'error',
      signal: controller.signal,
    });
    const retryAfterS = Number(response.headers.get('retry-after')) || undefined;
    // Without a readable body the status still counts.
    const body = Object(await response.json().catch(() => null));
    return { status: response.status, body, retryAfterS };
  };
  return unless(signal, answer()).finally(() => {
    clearTimeout(timer);
    abort();
  });
}
