import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AdminProblem } from '../api/problem.ts';
import type { Principal } from '../api/roles.ts';
import { OperationError } from '../operations/input.ts';
import { BASE, type Frame, page } from './layout.ts';
import { loginPage, problemPage } from './pages.ts';
import { type Form, isCrossSite, isLoopbackName } from './requests.ts';
import { COOKIE, createSessions, SESSION_MS } from './session.ts';

/** How operators are recognised. */
export type ConsoleAccess = {
  /** Gives the owner of the token, and a text that identifies the token. Rejects with AdminProblem 401 or 429. */
  readonly logIn: (request: FastifyRequest, token: string) => Promise<{ principal: Principal; token: string }>;
  /** Gives an operator of a session, if the token that opened it is still valid. */
  readonly resume: (name: string, token: string) => Principal | undefined;
  /** In the demo on loopback everybody is this operator, and there is no log-in. */
  readonly open?: Principal;
};

export type GateDeps = {
  readonly access: ConsoleAccess;
  /** Secret of all processes, for sessions. */
  readonly sessionKey: Uint8Array;
  /** Called with the sender of a request, for the log. */
  readonly note: (request: FastifyRequest, principal: Principal) => void;
  /** Called with an unexpected error. */
  readonly onFault: (error: unknown, request: FastifyRequest) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** The token that forms carry, and what the sender may do. */
export type FormContext = {
  readonly formToken: string;
  /** Send, reveal, suppress and erase. */
  readonly mayAct: boolean;
  /** Change the entries of the configuration that are stored. */
  readonly mayConfigure: boolean;
};

/** What the pages ask about the sender of a request. */
export type Gate = {
  readonly actorOf: (request: FastifyRequest) => string;
  readonly formOf: (request: FastifyRequest) => FormContext;
  /** Answers with a page in the frame of the console. */
  readonly show: (
    request: FastifyRequest,
    reply: FastifyReply,
    frame: Pick<Frame, 'title' | 'at'> & Partial<Frame>,
    content: string,
  ) => FastifyReply;
};

/** Everything from this host, nothing inline and nothing framed. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
} as const;

/** A map, because in a plain object a path such as `__proto__` would find what no file is. */
const ASSETS: ReadonlyMap<string, string> = new Map([
  ['style.css', 'text/css; charset=utf-8'],
  ['script.js', 'text/javascript; charset=utf-8'],
  ['icon.svg', 'image/svg+xml'],
]);

type Who = { readonly principal: Principal; readonly formToken: string };

const mayAct = ({ role }: Principal): boolean => role === 'operator' || role === 'admin';
const isAdmin = ({ role }: Principal): boolean => role === 'admin';

/**
 * Adds what stands before every page of the console: sessions, roles, the form token, errors as pages, log-in and assets. A page
 * that changes something is a POST with the session's form token, so no other site can send it.
 */
export async function addGate(app: FastifyInstance, deps: GateDeps): Promise<Gate> {
  const { access, now } = deps;
  const sessions = createSessions(deps.sessionKey, now);
  const requesters = new WeakMap<FastifyRequest, Who>();
  await app.register(cookie);
  await app.register(formbody, { bodyLimit: 16 * 1024 });

  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ ...HEADERS, 'cache-control': 'no-store' });
    if (request.routeOptions.config.console === 'public') return;
    const who = recognise(request);
    if (!who) return reply.redirect(`${BASE}/login`, 303);
    requesters.set(request, who);
    deps.note(request, who.principal);
    if (request.routeOptions.config.console === 'operator' && !mayAct(who.principal)) throw roleNeeded('operator');
    if (request.routeOptions.config.console === 'admin' && !isAdmin(who.principal)) throw roleNeeded('admin');
  });
  app.addHook('preHandler', async (request) => {
    if (request.method !== 'POST' || request.routeOptions.config.console === 'public') return;
    const { formToken } = (request.body ?? {}) as Form;
    if (formToken !== whoOf(request).formToken || isCrossSite(request)) {
      throw new AdminProblem(
        403,
        'form_refused',
        'The form is not one of this session. Go back, load the page again and repeat it.',
      );
    }
  });
  app.setErrorHandler(async (error: Error & { validation?: unknown; statusCode?: number }, request, reply) => {
    const [status, title, detail, section] = explain(error);
    if (status >= 500) deps.onFault(error, request);
    return html(reply.code(status), frame(request, title, ''), problemPage(title, detail, section));
  });
  app.setNotFoundHandler((request, reply) =>
    html(reply.code(404), frame(request, 'Not found', ''), problemPage('Not found', 'There is no such page.')),
  );

  app.get('/login', { config: { console: 'public' } }, async (request, reply) => {
    if (recognise(request)) return reply.redirect(BASE, 303);
    return html(reply, { title: 'Log in', at: 'login', principal: undefined, formToken: '' }, loginPage(undefined));
  });
  app.post('/login', { config: { console: 'public' } }, async (request, reply) => {
    const { token = '' } = (request.body ?? {}) as Form;
    try {
      if (isCrossSite(request)) throw new AdminProblem(403, 'form_refused', 'Log in on the page itself.');
      const { principal, token: identity } = await access.logIn(request, token);
      if (principal.role === 'metrics')
        throw new AdminProblem(403, 'role_required', 'The metrics token opens /metrics only.');
      const value = sessions.seal({ name: principal.name, token: identity, expiresAt: now() + SESSION_MS });
      reply.setCookie(COOKIE, value, { ...COOKIE_OPTIONS, maxAge: SESSION_MS / 1_000 });
      return reply.redirect(BASE, 303);
    } catch (error) {
      if (!(error instanceof AdminProblem)) throw error;
      const text = error.status === 401 ? 'This token is not valid.' : error.message;
      return html(
        reply.code(error.status),
        { title: 'Log in', at: 'login', principal: undefined, formToken: '' },
        loginPage(text),
      );
    }
  });
  app.post('/logout', async (_request, reply) => {
    reply.clearCookie(COOKIE, COOKIE_OPTIONS);
    return reply.redirect(`${BASE}/login`, 303);
  });
  app.get<{ Params: { name: string } }>('/assets/:name', { config: { console: 'public' } }, async (request, reply) => {
    const type = ASSETS.get(request.params.name);
    if (type === undefined) throw new AdminProblem(404, 'not_found', 'There is no such file.');
    return reply.type(type).header('cache-control', 'private, max-age=300').send(asset(request.params.name));
  });

  function recognise(request: FastifyRequest): Who | undefined {
    if (access.open)
      return isLoopbackName(request.host)
        ? { principal: access.open, formToken: sessions.formToken('demo') }
        : undefined;
    const value = request.cookies[COOKIE];
    const session = sessions.open(value);
    const principal = session && access.resume(session.name, session.token);
    return principal && value !== undefined ? { principal, formToken: sessions.formToken(value) } : undefined;
  }

  function whoOf(request: FastifyRequest): Who {
    const who = requesters.get(request);
    if (!who) throw new AdminProblem(401, 'invalid_token', 'Log in first.');
    return who;
  }

  function formOf(request: FastifyRequest): FormContext {
    const { principal, formToken } = whoOf(request);
    return { formToken, mayAct: mayAct(principal), mayConfigure: isAdmin(principal) };
  }

  function frame(request: FastifyRequest, title: string, at: string, more: Partial<Frame> = {}): Frame {
    const who = requesters.get(request);
    return { title, at, principal: who?.principal, formToken: who?.formToken ?? '', ...more };
  }

  return {
    actorOf: (request) => whoOf(request).principal.name,
    formOf,
    show: (request, reply, { title, at, ...more }, content) => html(reply, frame(request, title, at, more), content),
  };
}

const COOKIE_OPTIONS = { path: BASE, httpOnly: true, sameSite: 'strict' } as const;

function html(reply: FastifyReply, frame: Frame, content: string): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(page(frame, content));
}

const assets = new Map<string, Buffer>();
function asset(name: string): Buffer {
  const found = assets.get(name) ?? readFileSync(join(import.meta.dirname, 'assets', name));
  assets.set(name, found);
  return found;
}

function roleNeeded(role: string): AdminProblem {
  return new AdminProblem(403, 'role_required', `This needs the role ${role}.`);
}

type Explained = readonly [status: number, title: string, detail: string, section?: string];

/** Status, title and explanation of an error, and the section of the runbook about it. The messages of these errors are our own and quote no personal data. */
function explain(error: Error & { statusCode?: number }): Explained {
  if (error instanceof AdminProblem)
    return [error.status, error.status === 404 ? 'Not found' : 'Not allowed', error.message];
  if (error instanceof OperationError)
    return [error.code === 'not_found' ? 404 : 422, 'This cannot be done', error.message];
  if (error.name === 'StorageUnavailable')
    return [503, 'The storage fails', 'Leads are answered 503 until it works again.', 'the-storage-fails'];
  if (error.name === 'InvalidCursor') return [422, 'This cannot be done', 'The page of the list does not exist.'];
  const { statusCode = 500 } = error;
  return statusCode < 500
    ? [statusCode, 'This cannot be done', 'The request is not one of the console.']
    : [500, 'A fault', 'The log has the details.'];
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may open a page of the console: everybody, operators or admins; absent: everybody who is logged in. */
    console?: 'public' | 'operator' | 'admin';
  }
}
