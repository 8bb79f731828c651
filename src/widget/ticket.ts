import { loadChunk } from './chunks.ts';
import { type Answer, call, type FormRules } from './gateway.ts';
import { unless } from './pause.ts';
import type { prove } from './proof.ts';

/** What the gateway handed out for one lead. */
export type Ticket = {
  /** The site's form, or the gateway's no. A no is not kept for the next lead. */
  readonly answer: Answer;
  /** On the clock of `performance.now()`, in milliseconds: before that a lead would look like a robot's. */
  readonly readyAt: number;
  /**
   * Solved in the background from the start, and where that was stopped or failed, again under this signal. Undefined where
   * none was asked for. Throws where the solver cannot be loaded, or the signal fires.
   */
  readonly proof: (signal: AbortSignal) => Promise<string | undefined>;
};

export type TicketRequest = {
  /** Address of the gateway, with a slash at its end. */
  readonly base: string;
  readonly site: string;
  /** As `Intl` spells it. */
  readonly lang: string;
  readonly worker: boolean;
};

/**
 * Asks for a site's form. With a refusal there is a ticket too: the lead itself is then judged by the gateway, which
 * says better what is wrong, or takes it.
 *
 * @throws where no answer came
 */
export async function fetchTicket({ base, site, lang, worker }: TicketRequest, signal: AbortSignal): Promise<Ticket> {
  const answer = await call(`${base}sites/${encodeURIComponent(site)}/form?lang=${lang}`, {}, signal);
  const { challenge, minFillS = 0 }: FormRules = answer.body;
  const solve = async (by: AbortSignal): Promise<string | undefined> =>
    challenge && (await unless(by, loadChunk<{ prove: typeof prove }>('proof'))).prove(challenge, worker, by);
  let solving = solve(signal);
  solving.catch(() => {});
  return {
    answer,
    // Timers fire a moment early, and a lead that is early by that moment would be held.
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
  /** The ticket that lies ready, or a new one where there is none. Throws as `fetchTicket`. */
  get(signal: AbortSignal): Promise<Ticket>;
  /** What lies ready is used up, over, or of another site. */
  drop(): void;
};

/** Keeps one ticket ready. `onRules` hears what each new one says of the site. */
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
