import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Connections } from '../lib/connections.ts';
import { requestIdOf } from '../lib/request.ts';
import { rawHeaders } from './error-handler.ts';
import { PROBLEMS, publicProblemBody } from './problems.ts';

/** Why a request is refused before it is read: the event loop is behind, too many leads wait for the storage, or too many connections are open. */
export type ShedReason = 'event_loop' | 'storage' | 'connections';

/**
 * A turn of the event loop is long when it has read more leads than this and has lasted more milliseconds. Both must be
 * exceeded: a pause (garbage collection, other programs) takes time without leads. A few dozen clients that each wait for
 * their answer never make a turn long, however slow the machine is.
 */
const LONG = { leads: 64, ms: 10 };
/** The same while requests are being refused: the shorter the turns, the sooner everything that is accepted is answered. */
const LONG_WHEN_REFUSING = { leads: 8, ms: 2 };

/**
 * A burst is absorbed: leads are refused only once long turns have followed each other for this many milliseconds, and one of them
 * has read more leads than the one before. Turns that become shorter work off what came during a pause, while other programs held
 * the processors; for that there is more time.
 */
const BURST_MS = 150;
const PAUSE_MS = 1_000;

/** For this many milliseconds after a refused lead every long turn refuses its further requests at once. */
const REFUSING_MS = 2_000;
/** Unless, after so many of them, less than this part of the leads was refused: then the load fits, and only pauses made turns long. */
const JUDGED_MS = 500;
const REFUSED_SHARE = 0.1;

/**
 * Leads that are being stored. A transaction on Postgres takes 256 writes: one is committed and the next one waits, so a
 * further lead would wait for a third.
 */
const MOST_STORING = 512;

/** Seconds of `Retry-After`: so many at least, and up to as many more, so that the refused do not come back all at once. */
const RETRY_AFTER_S = 3;

type Parts = {
  /** Milliseconds that never jump. */
  readonly monotonic: () => number;
  /** Calls `run` when this turn of the event loop has read everything that had arrived. */
  readonly afterReading: (run: () => void) => void;
  /** Gives numbers from 0 to 1. */
  readonly random: () => number;
  /** Called for each request that is refused. */
  readonly onShed: (reason: ShedReason) => void;
};

/** Decides which requests are refused because the process has more to do than it can do in time. */
export interface LoadShedder {
  /**
   * Counts a request that has arrived, before its body is read.
   *
   * @param isLead whether it brings a lead. Other requests never begin a refusal, so that a flood of them refuses no lead
   * @param isSpare whether its connection is one of the last that the listener may hold
   * @returns the value of `Retry-After` if the request is to be refused
   */
  arrive(isLead: boolean, isSpare: boolean): string | undefined;
  /** A lead begins (1) or ends (-1) to be stored. */
  storing(change: 1 | -1): void;
}

/**
 * Refuses requests while the event loop or the storage is behind (ADR 38).
 *
 * A turn of the event loop reads all requests that have arrived since the last one, and a lead passes about ten turns until it is answered. As long
 * as requests cost less time than passes between them, turns are short. Beyond that each turn finds more requests than the one
 * before, without end. Refusing what a long turn has not read yet keeps the turns short, and so the time of everything that was accepted.
 */
export function createLoadShedder({ monotonic, afterReading, random, onShed }: Parts): LoadShedder {
  /** When this turn read its first request; `undefined` before. */
  let turnBeganAt: number | undefined;
  let leads = 0;
  let isLong = false;
  /** When the first of the long turns began that have followed each other until now. */
  let longSince: number | undefined;
  /** Leads that the last turn has read, if it was long. */
  let leadsBefore = 0;
  let refusingUntil = Number.NEGATIVE_INFINITY;
  /** What came since a time while leads are being refused. */
  let judged = { since: 0, leads: 0, refused: 0 };
  let storing = 0;

  const endTurn = (): void => {
    if (!isLong) longSince = undefined;
    leadsBefore = isLong ? leads : 0;
    turnBeganAt = undefined;
  };

  const isBurst = (lastsMs: number): boolean => {
    if (lastsMs >= PAUSE_MS) return false;
    return lastsMs < BURST_MS || leadsBefore === 0 || leads <= leadsBefore;
  };

  /** Ends refusing if hardly any lead had to be refused lately. */
  const isOver = (now: number): boolean => {
    if (now - judged.since < JUDGED_MS) return false;
    const over = judged.refused < judged.leads * REFUSED_SHARE;
    judged = { since: now, leads: 0, refused: 0 };
    if (over) refusingUntil = now;
    return over;
  };

  const isBehind = (isLead: boolean): boolean => {
    const now = monotonic();
    const isRefusing = now < refusingUntil;
    if (!isLead && !isRefusing) return false;
    if (turnBeganAt === undefined) {
      turnBeganAt = now;
      leads = 0;
      isLong = false;
      afterReading(endTurn);
    }
    const long = isRefusing ? LONG_WHEN_REFUSING : LONG;
    if (!isLead) return now - turnBeganAt > long.ms;
    leads += 1;
    if (isRefusing) judged.leads += 1;
    if (leads <= long.leads || now - turnBeganAt <= long.ms) return false;
    isLong = true;
    longSince ??= turnBeganAt;
    if (isRefusing ? isOver(now) : isBurst(now - longSince)) return false;
    if (!isRefusing) judged = { since: now, leads: 1, refused: 0 };
    judged.refused += 1;
    refusingUntil = now + REFUSING_MS;
    return true;
  };

  const reasonToShed = (isLead: boolean, isSpare: boolean): ShedReason | undefined => {
    if (isBehind(isLead)) return 'event_loop';
    if (isLead && storing >= MOST_STORING) return 'storage';
    return isSpare ? 'connections' : undefined;
  };

  return {
    arrive(isLead, isSpare) {
      const reason = reasonToShed(isLead, isSpare);
      if (reason === undefined) return undefined;
      onShed(reason);
      return String(RETRY_AFTER_S + Math.round(RETRY_AFTER_S * random()));
    },
    storing(change) {
      storing += change;
    },
  };
}

/** Health checks are never refused, and neither are preflights, without which a page could not read a refusal. */
const NEVER_SHED = /^(?:\/v1)?\/(?:healthz|readyz)(?:\?|$)/;

type Shedding = {
  /** Wraps fastify's handler. */
  before(handler: RequestListener): RequestListener;
  /** The value of `Retry-After` of a request that was passed on to be refused with a page. */
  retryAfter(request: IncomingMessage): string | undefined;
};

/**
 * Refuses requests before fastify sees them: a refusal has to cost far less than a lead, or the refusals of twice the capacity
 * would leave no time for leads. Only a person's browser that opens a page is passed on, and gets the refusal as a page.
 *
 * @param open the connections of the listener: the first answer of a spare one closes it
 * @param onShed called for each request that is answered here
 */
export function shedRequests(
  { arrive }: Pick<LoadShedder, 'arrive'>,
  { open, onShed }: { readonly open: Connections['open']; readonly onShed: () => void },
): Shedding {
  const passedOn = new WeakMap<IncomingMessage, string>();
  return {
    before: (handler) => (request, reply) => {
      const spare = open.get(request.socket)?.isSpare ?? false;
      if (spare) reply.shouldKeepAlive = false;
      const { method, url = '/', headers } = request;
      if (method === 'OPTIONS' || NEVER_SHED.test(url)) return handler(request, reply);
      const retryAfter = arrive(method === 'POST', spare);
      if (retryAfter === undefined) return handler(request, reply);
      if (headers.accept?.includes('text/html')) {
        passedOn.set(request, retryAfter);
        return handler(request, reply);
      }
      answerShed(reply, requestIdOf(request), retryAfter);
      onShed();
    },
    retryAfter: (request) => passedOn.get(request),
  };
}

function answerShed(reply: ServerResponse, requestId: string, retryAfter: string): void {
  const body = JSON.stringify(publicProblemBody('overloaded', requestId));
  const { Connection: _close, ...headers } = rawHeaders(body, requestId);
  reply.writeHead(PROBLEMS.overloaded.status, {
    ...headers,
    'Access-Control-Expose-Headers': 'Retry-After',
    'Retry-After': retryAfter,
  });
  reply.end(body);
}
