import type { PhoneCountry } from './phone-field.ts';
import type { Challenge } from './proof.ts';
import { unless } from './shared.ts';
import type { TextUsField, TextUsTexts } from './types.ts';

/** Milliseconds for one whole call; after that it is unknown whether the call arrived. */
const TIMEOUT_MS = 10_000;

export type Answer = {
  readonly status: number;
  /** Parsed JSON; empty where there is none. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Seconds. */
  readonly retryAfterS: number | undefined;
};

/** The answer of `GET /sites/{key}/form`. */
export type FormRules = {
  readonly fields?: Readonly<Record<string, TextUsField>>;
  /** All texts of the form, and their language. */
  readonly lang?: string;
  readonly texts?: TextUsTexts;
  readonly consent?: {
    readonly required?: boolean;
    readonly text?: string;
    readonly version?: string;
    /** What is said beside it, and belongs to what is agreed to. */
    readonly notice?: string;
  };
  readonly questionFirst?: boolean;
  readonly confirmNumber?: boolean;
  /** When an answer may be expected, in words, and whether the site is open now. */
  readonly answer?: { readonly open: boolean; readonly text: string };
  readonly links?: { readonly [name in 'privacy' | 'terms']?: string };
  readonly phoneCountries?: readonly PhoneCountry[];
  readonly formToken?: string;
  /** Least number of seconds that a visitor needs to fill in the form; an earlier lead is suspicious. */
  readonly minFillS?: number;
  readonly challenge?: Challenge;
};

/**
 * Makes one call with a time-out. It resolves with any answer, whatever its status.
 *
 * @throws without an answer: network error, time-out, or the signal
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
      // The gateway never redirects, so a redirect comes from another server.
      redirect: 'error',
      signal: controller.signal,
    });
    const retryAfterS = Number(response.headers.get('retry-after')) || undefined;
    // Without a readable body the status is still used.
    const body = Object(await response.json().catch(() => null));
    return { status: response.status, body, retryAfterS };
  };
  return unless(signal, answer()).finally(() => {
    clearTimeout(timer);
    abort();
  });
}
