import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ActivityStore } from '../../domain/ports/activity-store.ts';
import { defined } from '../../lib/defined.ts';
import { AdminProblem } from '../api/problem.ts';
import type { Principal } from '../api/roles.ts';
import type { RunningState } from '../api/routes.ts';
import { type LeadQuery, OperationError } from '../operations/input.ts';
import type { Operations } from '../operations/operations.ts';
import type { SendAction } from '../operations/selection.ts';
import { isoTime } from '../operations/views.ts';
import { createJobs } from './jobs.ts';
import { BASE, type Frame, page } from './layout.ts';
import { ACTIONS, type ListFilter, leadList, leadPage, preview } from './leads.ts';
import { overview } from './overview.ts';
import {
  auditPage,
  type ConfigurationView,
  configurationPage,
  erasePreview,
  jobPage,
  loginPage,
  problemPage,
  providersPage,
  suppressionsPage,
} from './pages.ts';
import { runbookPage } from './runbook.ts';
import { COOKIE, createSessions, SESSION_MS } from './session.ts';

/** How operators are recognised. */
export type ConsoleAccess = {
  /** Gives whoever has the token, and a text that identifies it. Rejects with AdminProblem 401 or 429. */
  readonly logIn: (request: FastifyRequest, token: string) => Promise<{ principal: Principal; token: string }>;
  /** Gives an operator of a session, if the token that opened it is still valid. */
  readonly resume: (name: string, token: string) => Principal | undefined;
  /** In the demo on loopback everybody is this operator, and there is no log-in. */
  readonly open?: Principal;
};

export type ConsoleDeps = {
  readonly access: ConsoleAccess;
  readonly operations: Operations;
  readonly state: RunningState;
  readonly activity: Pick<ActivityStore, 'activity'>;
  readonly configuration: () => ConfigurationView;
  /** Name of the storage, without a credential. */
  readonly database: string;
  /** Secret of all processes, for sessions. */
  readonly sessionKey: Uint8Array;
  /** Called with whoever sent a request, for the log. */
  readonly note: (request: FastifyRequest, principal: Principal) => void;
  /** Called with an unexpected error. */
  readonly onFault: (error: unknown, request: FastifyRequest) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

const PAGE_SIZE = 50;
/** How often an open page is told that something changed, at most. */
const EVENT_EVERY_MS = 2_000;
const MINUTES_A_DAY = 1_440;
const RECENT_MINUTES = 15;

/** Everything from this host, nothing inline and nothing framed. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
} as const;

const ASSETS: Readonly<Record<string, string>> = {
  'style.css': 'text/css; charset=utf-8',
  'script.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

type Form = Readonly<Record<string, string | undefined>>;
type Who = { readonly principal: Principal; readonly formToken: string };

const mayAct = ({ role }: Principal): boolean => role === 'operator' || role === 'admin';
const isAdmin = ({ role }: Principal): boolean => role === 'admin';

/**
 * The operators' console, as pages that the server renders. Every page works without its script. A page that changes something is
 * a POST with the session's form token, so no other site can send it.
 */
export async function consoleRoutes(app: FastifyInstance, deps: ConsoleDeps): Promise<void> {
  const { access, operations, state, now } = deps;
  const sessions = createSessions(deps.sessionKey, now);
  const jobs = createJobs();
  const requesters = new WeakMap<FastifyRequest, Who>();
  await app.register(cookie);
  await app.register(formbody, { bodyLimit: 16 * 1024 });
  app.addHook('onClose', () => jobs.idle());

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
    const [status, title, detail] = explain(error);
    if (status >= 500) deps.onFault(error, request);
    return html(reply.code(status), frame(request, title, ''), problemPage(title, detail));
  });
  app.setNotFoundHandler((request, reply) =>
    html(reply.code(404), frame(request, 'Not found', ''), problemPage('Not found', 'There is no such page.')),
  );

  // ---------------------------------------------------------------- log-in
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
    const type = ASSETS[request.params.name];
    if (type === undefined) throw new AdminProblem(404, 'not_found', 'There is no such file.');
    return reply.type(type).header('cache-control', 'private, max-age=300').send(asset(request.params.name));
  });

  // ---------------------------------------------------------------- pages
  app.get('/', async (request, reply) => {
    const minute = Math.floor(now() / 60_000);
    const [stats, replicas, day, providers] = await Promise.all([
      operations.stats(),
      state.replicas(),
      deps.activity.activity(minute - MINUTES_A_DAY),
      state.providers(),
    ]);
    const content = overview({
      now: now(),
      stats,
      replicas,
      day,
      activity: day.filter((one) => one.minute > minute - RECENT_MINUTES),
      parked: providers.flatMap(({ id, parkedAt }) => (parkedAt === undefined ? [] : [{ id, parkedAt }])),
      database: deps.database,
    });
    return html(reply, frame(request, 'Overview', '', { live: true }), content);
  });
  app.get('/leads', async (request, reply) => {
    const { after, ...given } = onlyTexts(request.query);
    const filter = listFilter(given);
    const { items, next } = await operations.listLeads(
      toQuery(filter),
      defined({ limit: PAGE_SIZE, after }),
      actorOf(request),
    );
    const content = leadList({ filter, items, next, now: now(), ...formOf(request) });
    return html(reply, frame(request, 'Leads', '/leads', { live: after === undefined }), content);
  });
  app.get('/lead', async (request, reply) => {
    const { id = '' } = onlyTexts(request.query);
    return reply.redirect(`${BASE}/leads/${encodeURIComponent(id.trim())}`, 303);
  });
  app.post('/leads/search', { config: { console: 'operator' } }, async (request, reply) => {
    const { phone = '' } = (request.body ?? {}) as Form;
    const { items } = await operations.listLeads({ phone }, { limit: PAGE_SIZE }, actorOf(request));
    const content = leadList({ filter: {}, items, now: now(), byNumber: true, ...formOf(request) });
    return html(reply, frame(request, 'Leads', '/leads'), content);
  });
  app.get<{ Params: { id: string } }>('/leads/:id', async (request, reply) => showLead(request, reply, false));
  app.post<{ Params: { id: string } }>(
    '/leads/:id/reveal',
    { config: { console: 'operator' } },
    async (request, reply) => showLead(request, reply, true),
  );
  app.post('/leads/preview', { config: { console: 'operator' } }, async (request, reply) => {
    const { action, filter, query } = readAction(request);
    const selection = await operations.selectLeads(action, query, { actor: actorOf(request) });
    return html(reply, frame(request, action, '/leads'), preview(selection, filter, whoOf(request).formToken));
  });
  app.post('/leads/run', { config: { console: 'operator' } }, async (request, reply) => {
    const { action, query } = readAction(request);
    const actor = actorOf(request);
    const selection = await operations.selectLeads(action, query, { actor: actorOf(request) });
    const total = selection.ids.length;
    const id = jobs.start({ title: `${action} of ${total} leads`, owner: actor, total }, async (onProgress) => {
      const queued = await operations.sendLeads(selection, { actor, onProgress });
      return `${queued} of ${total} leads were queued to be sent.`;
    });
    return reply.redirect(`${BASE}/jobs/${id}`, 303);
  });
  app.get<{ Params: { id: string } }>('/jobs/:id', async (request, reply) => {
    const job = jobs.find(request.params.id);
    if (!job || job.owner !== actorOf(request))
      throw new AdminProblem(404, 'not_found', 'There is no such job in this process; the audit lists what was done.');
    const running = job.result === undefined;
    return html(
      reply,
      frame(request, job.title, '/leads', running ? { live: true, reloadAfterS: 2 } : {}),
      jobPage(job),
    );
  });
  app.get('/providers', async (request, reply) => {
    const providers = (await state.providers()).map(({ parkedAt, probeAt, ...provider }) => ({
      ...provider,
      parkedAt: parkedAt && isoTime(parkedAt),
      probeAt: probeAt && isoTime(probeAt),
    }));
    const content = providersPage(providers as never, state.breakers(), { ...formOf(request), now: now() });
    return html(reply, frame(request, 'Providers', '/providers', { live: true }), content);
  });
  app.post<{ Params: { id: string } }>(
    '/providers/:id/release',
    { config: { console: 'operator' } },
    async (request, reply) => {
      const { id } = request.params;
      const provider = (await state.providers()).find((one) => one.id === id);
      if (!provider) throw new AdminProblem(404, 'not_found', 'There is no such provider account.');
      if (provider.parkedAt !== undefined) {
        await state.releaseProvider(id);
        await operations.providerReleased(id, actorOf(request));
      }
      return reply.redirect(`${BASE}/providers`, 303);
    },
  );
  app.get('/suppressions', async (request, reply) => suppressionList(request, reply));
  app.post('/suppressions/add', { config: { console: 'operator' } }, async (request, reply) => {
    const added = await operations.suppress(numberOf(request), actorOf(request));
    return suppressionList(request, reply, added ? 'The number is suppressed.' : 'The number was suppressed already.');
  });
  app.post('/suppressions/remove', { config: { console: 'operator' } }, async (request, reply) => {
    const removed = await operations.unsuppress(numberOf(request), actorOf(request));
    return suppressionList(
      request,
      reply,
      removed ? 'The number is no longer suppressed.' : 'The number was not suppressed.',
    );
  });
  app.post('/suppressions/erase', { config: { console: 'operator' } }, async (request, reply) => {
    const number = numberOf(request);
    const { confirmed, suppress } = (request.body ?? {}) as Form;
    if (confirmed !== 'true') {
      const leads = await operations.countLeads(number, actorOf(request));
      const content = erasePreview(number.phone, leads, whoOf(request).formToken);
      return html(reply, frame(request, 'Erase a number', '/suppressions'), content);
    }
    const options = { actor: actorOf(request), suppress: suppress === 'true' };
    const { erased } = await operations.erase(number, options);
    return suppressionList(request, reply, `The personal data of ${erased} leads is erased.`);
  });
  app.get('/audit', { config: { console: 'admin' } }, async (request, reply) => {
    const { after } = onlyTexts(request.query);
    const { items, next } = await operations.audit(defined({ limit: PAGE_SIZE, after }));
    return html(reply, frame(request, 'Audit', '/audit', { live: after === undefined }), auditPage(items, next, now()));
  });
  app.get('/configuration', async (request, reply) =>
    html(
      reply,
      frame(request, 'Configuration', '/configuration', { live: true }),
      configurationPage(deps.configuration(), now()),
    ),
  );
  app.get('/runbook', async (request, reply) =>
    html(reply, frame(request, 'Runbook', '/runbook'), await runbookPage()),
  );

  // ---------------------------------------------------------------- live
  const listeners = new Set<FastifyReply['raw']>();
  let seen = '';
  const timer = setInterval(async () => {
    if (listeners.size === 0) return;
    const fresh = await changeMark().catch(() => seen);
    if (fresh === seen) return;
    seen = fresh;
    for (const raw of listeners) raw.write('event: change\ndata: {}\n\n');
  }, EVENT_EVERY_MS);
  timer.unref();
  app.addHook('preClose', async () => {
    clearInterval(timer);
    for (const raw of listeners) raw.end();
  });
  app.get('/events', async (request, reply) => {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    raw.write('retry: 3000\n\n');
    listeners.add(raw);
    request.raw.once('close', () => listeners.delete(raw));
  });

  /** A text that differs when a page may show something else. */
  async function changeMark(): Promise<string> {
    const [stats, newest, providers] = await Promise.all([
      operations.stats(),
      operations.listLeads({}, { limit: 1 }, 'console'),
      state.providers(),
    ]);
    return JSON.stringify([stats.byStatus, newest.items[0]?.id, providers, state.refusedSettings() !== undefined]);
  }

  async function showLead(
    request: FastifyRequest<{ Params: { id: string } }>,
    reply: FastifyReply,
    reveal: boolean,
  ): Promise<FastifyReply> {
    const { principal, formToken } = whoOf(request);
    const lead = await operations.showLead(request.params.id, { actor: principal.name, reveal });
    const content = leadPage({ lead, formToken, now: now(), mayReveal: mayAct(principal) });
    return html(reply, frame(request, lead.id, '/leads', { live: !reveal }), content);
  }

  async function suppressionList(request: FastifyRequest, reply: FastifyReply, notice?: string): Promise<FastifyReply> {
    const content = suppressionsPage(await operations.suppressions(), { ...formOf(request), now: now() });
    return html(reply, frame(request, 'Suppressions', '/suppressions', { notice }), content);
  }

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

  function actorOf(request: FastifyRequest): string {
    return whoOf(request).principal.name;
  }

  function formOf(request: FastifyRequest): { formToken: string; mayAct: boolean } {
    const { principal, formToken } = whoOf(request);
    return { formToken, mayAct: mayAct(principal) };
  }

  function frame(request: FastifyRequest, title: string, at: string, more: Partial<Frame> = {}): Frame {
    const who = requesters.get(request);
    return { title, at, principal: who?.principal, formToken: who?.formToken ?? '', ...more };
  }
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

/** Browsers say where a request comes from; a form of another site is refused although its cookie would not be sent either. */
function isCrossSite({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}

/** In the demo a page of a foreign name that resolves to loopback must not read the console. */
function isLoopbackName(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
}

function onlyTexts(query: unknown): Record<string, string | undefined> {
  const entries = Object.entries((query ?? {}) as Record<string, unknown>);
  return Object.fromEntries(entries.filter(([, value]) => typeof value === 'string' && value.trim() !== '')) as Record<
    string,
    string
  >;
}

const FILTER_FIELDS = ['status', 'cause', 'site', 'partner', 'provider', 'since', 'until'] as const;

function listFilter(given: Readonly<Record<string, string | undefined>>): ListFilter {
  return Object.fromEntries(FILTER_FIELDS.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])));
}

function toQuery({ status, cause, ...rest }: ListFilter): LeadQuery {
  return { ...rest, ...(status !== undefined && { status: [status] }), ...(cause !== undefined && { cause: [cause] }) };
}

function readAction(request: FastifyRequest): { action: SendAction; filter: ListFilter; query: LeadQuery } {
  const { action = '', id, ...given } = onlyTexts(request.body);
  if (!Object.hasOwn(ACTIONS, action))
    throw new OperationError('invalid', `action: use one of ${Object.keys(ACTIONS).join(', ')}`);
  const filter = listFilter(given);
  const query = { ...toQuery(filter), ...(id !== undefined && { ids: [id] }) };
  return { action: action as SendAction, filter: id === undefined ? filter : ({ id } as ListFilter), query };
}

function numberOf(request: FastifyRequest): { phone: string } {
  const { phone = '' } = (request.body ?? {}) as Form;
  return { phone };
}

function roleNeeded(role: string): AdminProblem {
  return new AdminProblem(403, 'role_required', `This needs the role ${role}.`);
}

/** Status, title and explanation of an error. The messages of these errors are our own and quote no personal data. */
function explain(error: Error & { statusCode?: number }): [status: number, title: string, detail: string] {
  if (error instanceof AdminProblem)
    return [error.status, error.status === 404 ? 'Not found' : 'Not allowed', error.message];
  if (error instanceof OperationError)
    return [error.code === 'not_found' ? 404 : 422, 'This cannot be done', error.message];
  if (error.name === 'StorageUnavailable')
    return [503, 'The storage fails', 'Leads are answered 503 until it works again. See the runbook.'];
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
