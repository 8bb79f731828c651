import { loadChunk } from './chunks.ts';
import { type Answer, call, type FormRules } from './gateway.ts';
import type { prove } from './proof.ts';

/** What the gateway handed out for one lead. */
export type Ticket = {
  readonly rules: FormRules;
  /** The gateway's answer where it wants to be asked again later. Such a ticket is not kept. */
  readonly unavailable?: Answer;
  /** On the clock of `performance.now()`, in milliseconds: before that a lead would look like a robot's. */
  readonly readyAt: number;
  /** Solved in the background from the start; undefined where none was asked for. Throws where the solver cannot be loaded. */
  readonly proof: () => Promise<string | undefined>;
};

export type TicketRequest = {
  readonly base: string;
  readonly site: string;
  readonly lang: string;
  readonly worker: boolean;
};

/**
 * Asks for a site's form. A refusal gives a ticket with nothing on it: the lead itself is then judged by the gateway, which
 * says better what is wrong, or takes it.
 *
 * @throws where no answer came
 */
export async function fetchTicket({ base, site, lang, worker }: TicketRequest, signal: AbortSignal): Promise<Ticket> {
  const url = new URL(`sites/${encodeURIComponent(site)}/form`, base);
  url.searchParams.set('lang', lang);
  const answer = await call(url, {}, signal);
  const rules: FormRules = answer.status === 200 ? answer.body : {};
  const { challenge, minFillS = 0 } = rules;
  const solve = async (): Promise<string | undefined> =>
    challenge && (await loadChunk<{ prove: typeof prove }>('proof')).prove(challenge, worker, signal);
  let solving = solve();
  solving.catch(() => {});
  return {
    rules,
    ...((answer.status === 429 || answer.status >= 500) && { unavailable: answer }),
    // Timers fire a moment early, and a lead that is early by that moment would be held.
    readyAt: performance.now() + minFillS * 1000 + 50,
    proof: () =>
      solving.catch(() => {
        solving = solve();
        return solving;
      }),
  };
}

export type TicketDesk = {
  /** The ticket that lies ready, or a new one where there is none or a `fresh` one is asked for. Throws as `fetchTicket`. */
  get(fresh: boolean, signal: AbortSignal): Promise<Ticket>;
  /** What lies ready is used up, or of another site. */
  drop(): void;
};

/** Keeps one ticket ready. `onRules` hears what each new one says of the site. */
export function createTicketDesk(request: () => TicketRequest, onRules: (rules: FormRules) => void): TicketDesk {
  let ready: Promise<Ticket> | undefined;
  const forget = (): void => {
    ready = undefined;
  };
  return {
    get(fresh, signal) {
      if (ready && !fresh) return ready;
      const asked = fetchTicket(request(), signal);
      ready = asked;
      asked.then(
        ({ rules, unavailable }) => {
          if (ready === asked) unavailable ? forget() : onRules(rules);
        },
        () => ready === asked && forget(),
      );
      return asked;
    },
    drop: forget,
  };
}
