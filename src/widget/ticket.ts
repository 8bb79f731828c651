import type { LoadChunk } from './chunks.ts';
import { type Answer, call, type FormRules } from './gateway.ts';
import { toJson } from './json.ts';
import type { prove } from './proof.ts';
import { unless } from './shared.ts';

/** The form token and challenge that the gateway issued for one lead. */
export type Ticket = {
  /** The site's form, or the gateway's refusal. A refusal is not kept for the next lead. */
  readonly answer: Answer;
  /** Time of `performance.now()` in milliseconds before which a lead would look like a robot's. */
  readonly readyAt: number;
  /**
   * Gives the proof. It is solved in the background from the start; if that was stopped or failed, it is solved again under this
   * signal. Undefined if the site asks for none. Throws if the solver cannot be loaded, or when the signal fires.
   */
  readonly proof: (signal: AbortSignal) => Promise<string | undefined>;
};

export type TicketRequest = {
  /** Address of the gateway, with a slash at its end. */
  readonly base: string;
  readonly site: string;
  /** In the spelling of `Intl`. */
  readonly lang: string;
  readonly worker: boolean;
  readonly load: LoadChunk;
};

/**
 * Requests a site's form. A refusal also gives a ticket: the gateway then decides about the lead itself and explains a refusal
 * better.
 *
 * @throws without an answer
 */
export async function fetchTicket(
  { base, site, lang, worker, load }: TicketRequest,
  signal: AbortSignal,
): Promise<Ticket> {
  const answer = await call(`${base}sites/${encodeURIComponent(site)}/form?lang=${lang}`, {}, signal);
  const { challenge, minFillS = 0 }: FormRules = answer.body;
  const solve = async (by: AbortSignal): Promise<string | undefined> => {
    const part = challenge && (await unless(by, load<{ prove: typeof prove }>('proof')));
    const proof = challenge && (await part?.prove(challenge, worker, by, unless));
    return proof && btoa(toJson(proof));
  };
  let solving = solve(signal);
  solving.catch(() => {});
  return {
    answer,
    // Timers can fire slightly early, and the gateway would hold a lead that is slightly early.
    readyAt: performance.now() + minFillS * 1000 + 50,
    proof: (by) =>
      unless(
        by,
        solving.catch(() => {
          solving = solve(by);
          return solving;
        }),
      ),
  };
}

export type TicketDesk = {
  /** Gives the ready ticket, or fetches a new one. Throws like `fetchTicket`. */
  get(signal: AbortSignal): Promise<Ticket>;
  /** Discards the ready ticket: it is used, expired, or of another site. */
  drop(): void;
};

/** Keeps one ticket ready. `onRules` gets the form rules of each new ticket. */
export function createTicketDesk(request: () => TicketRequest, onRules?: (rules: FormRules) => void): TicketDesk {
  let ready: Promise<Ticket> | undefined;
  const forget = (): void => {
    ready = undefined;
  };
  return {
    get(signal) {
      if (ready) return ready;
      const asked = fetchTicket(request(), signal);
      ready = asked;
      asked.then(
        ({ answer: { status, body } }) => {
          if (ready === asked) status === 200 ? onRules?.(body) : forget();
        },
        () => ready === asked && forget(),
      );
      return asked;
    },
    drop: forget,
  };
}
