import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { html } from 'ghtml';
import type { EntryKind } from '../../domain/ports/entry-store.ts';
import { defined } from '../../lib/values.ts';
import type { EntryDetails, EntryOperations, EntryVersionView, EntryView } from '../operations/entries.ts';
import { OperationError } from '../operations/input.ts';
import type { Gate } from './gate.ts';
import { age, BASE, hidden, table } from './layout.ts';
import { type Form, onlyTexts } from './requests.ts';

const PAGE_SIZE = 50;
/** A form encodes JSON in up to three times its size. */
const FORM_LIMIT = 4 * 1024 * 1024;

/** The kinds of entries by the first part of their paths, with their names in titles. */
const KINDS = [
  ['/sites', 'site', 'Sites'],
  ['/partners', 'partner', 'Partners'],
  ['/accounts', 'provider', 'Accounts'],
] as const satisfies readonly (readonly [path: string, kind: EntryKind, title: string])[];

/** The pages of sites, partners and provider accounts in the store. Keys hold no dot, so `/sites.new` is none of them. */
export function entryPages(
  app: FastifyInstance,
  gate: Gate,
  deps: { readonly entries: EntryOperations; readonly now: () => number },
): void {
  for (const [path, kind, title] of KINDS) pagesOf(app, gate, { ...deps, path, kind, title });
}

type Pages = {
  readonly entries: EntryOperations;
  readonly now: () => number;
  readonly path: string;
  readonly kind: EntryKind;
  readonly title: string;
};
type Keyed = { Params: { key: string } };

function pagesOf(app: FastifyInstance, { actorOf, formOf, show }: Gate, pages: Pages): void {
  const { entries, now, path, kind, title } = pages;
  const frame = { title, at: '/sites' };

  app.get(path, async (request, reply) => {
    const { search, after } = onlyTexts(request.query);
    const { items, next } = await entries.list(kind, defined({ limit: PAGE_SIZE, after, search }));
    return show(
      request,
      reply,
      frame,
      listPage(pages, { items, next, search, now: now(), mayConfigure: formOf(request).mayConfigure }),
    );
  });
  app.get(`${path}.new`, { config: { console: 'admin' } }, (request, reply) => edit(request, reply, { text: '{\n}' }));
  app.post(`${path}.new`, { config: { console: 'admin' }, bodyLimit: FORM_LIMIT }, (request, reply) => {
    const { key = '' } = (request.body ?? {}) as Form;
    return save(request, reply, key.trim(), '0');
  });
  app.get<Keyed>(`${path}/:key`, { config: { console: 'operator' } }, async (request, reply) => {
    const { key } = request.params;
    const { after } = onlyTexts(request.query);
    const entry = await entries.show(kind, key).catch((error: unknown) => {
      // A deleted entry has a history.
      if (error instanceof OperationError && error.code === 'not_found') return undefined;
      throw error;
    });
    const versions = await entries.history(kind, key, defined({ limit: PAGE_SIZE, after }));
    const content = entryPage(pages, { key, entry, ...versions, now: now(), ...formOf(request) });
    return show(request, reply, { ...frame, title: key }, content);
  });
  app.get<Keyed>(`${path}/:key/edit`, { config: { console: 'admin' } }, async (request, reply) => {
    const { key } = request.params;
    const { version, content } = await entries.show(kind, key);
    return edit(request, reply, { key, version: String(version), text: JSON.stringify(content, null, 2) });
  });
  app.post<Keyed>(`${path}/:key/edit`, { config: { console: 'admin' }, bodyLimit: FORM_LIMIT }, (request, reply) => {
    const { version = '' } = (request.body ?? {}) as Form;
    return save(request, reply, request.params.key, version);
  });
  app.post<Keyed>(`${path}/:key/delete`, { config: { console: 'admin' } }, async (request, reply) => {
    const { version } = (request.body ?? {}) as Form;
    await entries.remove(kind, request.params.key, { actor: actorOf(request), expected: Number(version) });
    return reply.redirect(`${BASE}${path}`, 303);
  });

  /** Stores what was typed, or shows it again with what is wrong. */
  async function save(request: FastifyRequest, reply: FastifyReply, key: string, version: string): Promise<unknown> {
    const { content = '' } = (request.body ?? {}) as Form;
    try {
      await entries.put(kind, key, content, { actor: actorOf(request), expected: Number(version) });
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      const created = version === '0';
      reply.code(error.code === 'conflict' ? 412 : 422);
      const problems = error.message.split('\n');
      const conflict = error.code === 'conflict';
      return edit(request, reply, { key, ...(!created && { version }), text: content, problems, conflict });
    }
    return reply.redirect(`${BASE}${path}/${encodeURIComponent(key)}`, 303);
  }

  function edit(request: FastifyRequest, reply: FastifyReply, form: Omit<Editing, 'formToken'>): FastifyReply {
    const name = form.version === undefined ? `New ${kind}` : `Change ${form.key}`;
    const content = editPage(pages, { ...form, formToken: formOf(request).formToken });
    return show(request, reply, { ...frame, title: name }, content);
  }
}

type List = {
  readonly items: readonly EntryView[];
  readonly next?: string | undefined;
  readonly search: string | undefined;
  readonly now: number;
  readonly mayConfigure: boolean;
};

function listPage({ path, kind, title }: Pages, { items, next, search = '', now, mayConfigure }: List): string {
  const tabs = KINDS.map(
    ([to, , name]) => html`<li><a href="${BASE}${to}" !${to === path ? 'aria-current="page"' : ''}>${name}</a></li>`,
  );
  const add = mayConfigure ? html`<a class="button primary" href="${BASE}${path}.new">New ${kind}</a>` : '';
  const rows = items.map(({ key, title: name, version, changedAt, changedBy }) => [
    html`<a href="${BASE}${path}/${encodeURIComponent(key)}">${key}</a>`,
    html`${name}`,
    html`${String(version)}`,
    age(changedAt, now),
    html`${changedBy}`,
  ]);
  const query = new URLSearchParams({ ...(search !== '' && { search }), after: next ?? '' });
  const more =
    next === undefined ? '' : html`<p><a class="button" href="${BASE}${path}?${query.toString()}">More</a></p>`;
  return html`<h1>${title}</h1><nav class="tabs" aria-label="Kinds of entries"><ul>!${tabs}</ul></nav>
<p class="soft">Only ${title.toLowerCase()} of the store, which can be changed here. Those of CONFIG_FILE are on the page <a href="${BASE}/configuration">Configuration</a>.</p>
<form class="filter" method="get" action="${BASE}${path}"><label>Key or name<input name="search" value="${search}" autocomplete="off"></label><button>Search</button> <a class="quiet" href="${BASE}${path}">Clear</a><span class="end">!${add}</span></form>
!${table(title, ['key', 'name', 'version', 'changed', 'by'], rows, search === '' ? `There is no ${kind} in the store.` : `No ${kind} of the store matches.`)}
!${more}`;
}

type One = {
  readonly key: string;
  readonly entry: EntryDetails | undefined;
  readonly items: readonly EntryVersionView[];
  readonly next?: string | undefined;
  readonly now: number;
  readonly formToken: string;
  readonly mayConfigure: boolean;
};

function entryPage(
  { path, title, kind }: Pages,
  { key, entry, items, next, now, formToken, mayConfigure }: One,
): string {
  const place = `${BASE}${path}/${encodeURIComponent(key)}`;
  const versions = items.map(({ version, changedAt, changedBy, content }) => [
    html`${String(version)}`,
    age(changedAt, now),
    html`${changedBy}`,
    content === undefined
      ? 'deleted'
      : html`<details><summary>Content</summary><pre class="document" tabindex="0">${JSON.stringify(content, null, 2)}</pre></details>`,
  ]);
  const sealed = entry?.sealed.join(', ') ?? '';
  const current =
    entry === undefined
      ? html`<p class="empty">It is deleted.</p>`
      : html`<pre class="document" tabindex="0">${JSON.stringify(entry.content, null, 2)}</pre>
!${sealed === '' ? '' : html`<p class="soft">Sealed, and not shown: ${sealed}</p>`}
!${mayConfigure ? html`<p><a class="button primary" href="${place}/edit">Change</a></p>` : ''}`;
  const remove =
    entry === undefined || !mayConfigure
      ? ''
      : html`<section><h2>Delete</h2><form method="post" action="${place}/delete">!${hidden(formToken)}<input type="hidden" name="version" value="${String(entry.version)}">
<label class="tick"><input type="checkbox" required> Delete this ${kind}; its history stays</label><button class="danger">Delete</button></form></section>`;
  const more =
    next === undefined
      ? ''
      : html`<p><a class="button" href="${place}?after=${encodeURIComponent(next)}">Older versions</a></p>`;
  return html`<p class="up"><a href="${BASE}${path}">${title}</a></p><h1>${key}</h1><section><h2>Content</h2>!${current}</section>
<section><h2>History</h2>!${table('Versions', ['version', 'stored', 'by', 'what'], versions, 'There is no version.')}!${more}</section>!${remove}`;
}

type Editing = {
  readonly key?: string;
  /** The version that is changed; absent for a new entry. */
  readonly version?: string;
  readonly text: string;
  readonly problems?: readonly string[];
  /** Somebody else has changed the entry meanwhile. */
  readonly conflict?: boolean;
  readonly formToken: string;
};

function editPage(
  { path, kind }: Pages,
  { key = '', version, text, problems = [], conflict, formToken }: Editing,
): string {
  const place = `${BASE}${path}/${encodeURIComponent(key)}`;
  const wrong =
    problems.length === 0
      ? ''
      : html`<section class="notice warn" role="alert"><h2>It was not stored</h2><ul id="problems">!${problems.map((one) => html`<li>${one}</li>`)}</ul>!${conflict ? html`<p><a href="${place}">What is stored now</a></p>` : ''}</section>`;
  const invalid = problems.length === 0 ? '' : 'aria-invalid="true" aria-describedby="problems"';
  const name =
    version === undefined
      ? html`<label>Key<input name="key" value="${key}" autocomplete="off" required></label>`
      : html`<input type="hidden" name="version" value="${version}">`;
  const [title, action, back] =
    version === undefined
      ? [`New ${kind}`, `${BASE}${path}.new`, `${BASE}${path}`]
      : [`Change ${key}`, `${place}/edit`, place];
  return html`<p class="up"><a href="${back}">Back</a></p><h1>${title}</h1>
<form class="entry" method="post" action="${action}">!${hidden(formToken)}!${name}
!${wrong}<label>Content, as CONFIG_FILE would have it<textarea name="content" rows="24" spellcheck="false" required !${invalid}>
${text}</textarea></label>
<p class="soft">A secret that is left out stays as it is.</p><div class="buttons"><button class="primary">Store</button> <a class="quiet" href="${back}">Cancel</a></div></form>`;
}
