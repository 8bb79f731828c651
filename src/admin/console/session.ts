import { createHmac, timingSafeEqual } from 'node:crypto';
import { HOUR_MS } from '../../lib/clock.ts';

/** The operator that is logged in to the console, as the cookie states. */
export type Session = {
  /** Name of the operator. */
  readonly name: string;
  /** Identifies the token that opened the session, so that a changed or removed token ends it. */
  readonly token: string;
  /** When the session ends, in milliseconds since the epoch. */
  readonly expiresAt: number;
};

/** A session ends after so many hours; an operator on call logs in once a shift. */
export const SESSION_MS = 8 * HOUR_MS;
export const COOKIE = 'tcg_console';

/**
 * Sessions as signed texts, which every process with the same key accepts and none has to store. The role is not part of a
 * session: it is looked up at every request, so that a change takes effect at once.
 */
export type Sessions = {
  readonly seal: (session: Session) => string;
  /** The session of a cookie's value; `undefined` if it is forged, altered or over. */
  readonly open: (text: string | undefined) => Session | undefined;
  /** The text that every form of a session carries, so that no other page can send one. */
  readonly formToken: (cookie: string) => string;
};

/** @param key secret of all processes; @param now milliseconds since the epoch */
export function createSessions(key: Uint8Array, now: () => number): Sessions {
  const sign = (purpose: string, text: string): Buffer =>
    createHmac('sha256', key).update(`${purpose}\n${text}`).digest();
  return {
    seal(session) {
      const payload = Buffer.from(JSON.stringify(session)).toString('base64url');
      return `${payload}.${sign('console session', payload).toString('base64url')}`;
    },
    open(text = '') {
      const [payload = '', signature = ''] = text.split('.');
      const given = Buffer.from(signature, 'base64url');
      const right = sign('console session', payload);
      if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
      const session = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Session;
      return session.expiresAt > now() ? session : undefined;
    },
    formToken: (cookie) => sign('console form', cookie).toString('base64url'),
  };
}
