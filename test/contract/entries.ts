import type { Test } from 'tap';
import type { EntryChange, EntryStore, NewEntry } from '../../src/domain/ports/entry-store.ts';
import { createVault } from '../../src/store/vault.ts';
import { lead } from '../support/lead.ts';
import { dataKey, leased, newLead, type OpenOutbox } from '../support/outbox.ts';

const ANN = { actor: 'ann', at: 1_000 };
const BOB = { actor: 'cli:bob', at: 2_000 };

/** What every store does with entries of the configuration. */
export function entriesContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('an entry is stored with its versions, and each says who stored it and when', async (t) => {
    const outbox = await open(t)();
    const name = { kind: 'site', key: 'a' } as const;
    t.strictSame(await outbox.putEntries([site('a', { content: '{"n":1}' })], ANN), stored([1, 'created']));
    t.strictSame(
      await outbox.putEntries([site('a', { content: '{"n":2}', expected: 1 })], BOB),
      stored([2, 'replaced']),
    );
    t.strictSame(await outbox.putEntries([site('a', { content: '{"n":2}' })], ANN), stored([2, 'unchanged']));
    const entry = {
      ...name,
      title: 'Site a',
      version: 2,
      at: 2_000,
      actor: 'cli:bob',
      content: '{"n":2}',
      secrets: {},
    };
    t.strictSame(await outbox.readEntries('site', ['a', 'b']), [entry]);
    t.strictSame(await outbox.entryHistory(name, { limit: 1 }), {
      items: [{ version: 2, at: 2_000, actor: 'cli:bob', content: '{"n":2}' }],
      next: '2',
    });
    t.strictSame(await outbox.entryHistory(name, { limit: 9, after: '2' }), {
      items: [{ version: 1, at: 1_000, actor: 'ann', content: '{"n":1}' }],
    });
    t.match(await outbox.audit({ limit: 9 }), {
      items: [
        { actor: 'cli:bob', action: 'configure', detail: 'site=a, version 2' },
        { actor: 'ann', action: 'configure', detail: 'site=a, version 1' },
      ],
    });
    await outbox.close();
  });

  t.test('a change of another version than expected stores nothing', async (t) => {
    const outbox = await open(t)();
    await outbox.putEntries([site('a')], ANN);
    const conflict = { kind: 'conflict', entry: { kind: 'site', key: 'a' }, version: 1 };
    t.strictSame(await outbox.putEntries([site('b'), site('a', { content: '{"n":2}', expected: 0 })], ANN), conflict);
    t.strictSame(await outbox.putEntries([site('c', { expected: 4 })], ANN), {
      kind: 'conflict',
      entry: { kind: 'site', key: 'c' },
      version: 0,
    });
    t.strictSame(await outbox.removeEntry({ kind: 'site', key: 'a' }, ANN, 3), { kind: 'conflict', version: 1 });
    t.strictSame(await keys(outbox, 'site'), ['a']);
    await outbox.close();
  });

  t.test('a removed entry keeps its history, and its next version follows on', async (t) => {
    const outbox = await open(t)();
    const name = { kind: 'site', key: 'a' } as const;
    await outbox.putEntries([site('a')], ANN);
    t.strictSame(await outbox.removeEntry(name, BOB), { kind: 'removed', version: 2 });
    t.strictSame(await outbox.removeEntry(name, BOB), { kind: 'absent' });
    t.strictSame(await outbox.readEntries('site', ['a']), []);
    t.strictSame(await outbox.putEntries([site('a')], ANN), stored([3, 'created']));
    const { items } = await outbox.entryHistory(name, { limit: 9 });
    t.strictSame(
      items.map(({ version, content }) => [version, content]),
      [
        [3, '{}'],
        [2, undefined],
        [1, '{}'],
      ],
    );
    await outbox.close();
  });

  t.test('an entry refers only to entries that exist, here or elsewhere, and those cannot be removed', async (t) => {
    const outbox = await open(t)();
    const account = { kind: 'provider', key: 'eu' } as const;
    const refused = await outbox.putEntries([site('a', { uses: [account] })], ANN);
    t.strictSame(refused, { kind: 'missing', entry: { kind: 'site', key: 'a' }, uses: account });
    t.strictSame(await keys(outbox, 'site'), []);
    await outbox.putEntries([site('b', { uses: [{ kind: 'provider', key: 'file', elsewhere: true }] })], ANN);
    await outbox.putEntries([entry('provider', 'eu'), site('a', { uses: [account] })], ANN);
    t.strictSame(await outbox.removeEntry(account, ANN), { kind: 'in_use', users: [{ kind: 'site', key: 'a' }] });
    t.strictSame(await outbox.usedKeys('provider'), ['eu', 'file']);
    await outbox.putEntries([site('a', { content: '{"n":2}' })], ANN);
    t.match(await outbox.removeEntry(account, ANN), { kind: 'removed' });
    t.strictSame(await outbox.usedKeys('provider'), ['file']);
    await outbox.close();
  });

  t.test('secrets are sealed, and a former key opens them until it is gone', async (t) => {
    const reopen = open(t);
    const secrets = { '/password': 'pa55-of-the-account' };
    const first = await reopen();
    await first.putEntries([entry('provider', 'eu', { content: '{"a":1}', secrets })], ANN);
    t.match(await first.sealedCounts(), { current: 1, plain: 0 });
    await first.close();
    const next = Buffer.alloc(32, 11);
    const rotating = await reopen({ vault: createVault([next, dataKey]) });
    t.match(await rotating.readEntries('provider', ['eu']), [{ secrets }]);
    t.match(await rotating.rewrap('entry', 0, 9), { changed: 1, refused: 0 });
    await rotating.close();
    const later = await reopen({ vault: createVault([next]) });
    t.match(await later.readEntries('provider', ['eu']), [{ secrets }]);
    t.strictSame(
      await later.putEntries([entry('provider', 'eu', { content: '{"a":1}', secrets })], ANN),
      stored([1, 'unchanged']),
    );
    t.strictSame(
      await later.putEntries([entry('provider', 'eu', { content: '{"a":1}', secrets: { '/password': 'x' } })], ANN),
      stored([2, 'replaced']),
    );
    await later.close();
    const former = await reopen({ vault: createVault([dataKey]) });
    const [unreadable] = await former.readEntries('provider', ['eu']);
    t.equal(unreadable?.secrets, undefined);
    await former.close();
  });

  t.test('a list is in the order of keys, page by page, and is searched by key and title', async (t) => {
    const outbox = await open(t)();
    await outbox.putEntries(
      ['b', 'B', 'a-1', '_x'].map((key) => site(key)),
      ANN,
    );
    await outbox.putEntries([entry('partner', 'c')], ANN);
    const page = await outbox.listEntries('site', { limit: 2 });
    t.strictSame(
      page.items.map(({ key }) => key),
      ['B', '_x'],
    );
    t.strictSame(await keys(outbox, 'site', 2), ['B', '_x', 'a-1', 'b']);
    const found = async (search: string) =>
      (await outbox.listEntries('site', { limit: 9, search })).items.map(({ key }) => key);
    t.strictSame(await found('SITE A'), ['a-1']);
    t.strictSame(await found('_X'), ['_x']);
    t.strictSame(await found('%'), []);
    const contents = await outbox.pageOfEntries('site', { limit: 3, after: 'B' });
    t.strictSame(
      contents.items.map(({ key, content }) => [key, content]),
      [
        ['_x', '{}'],
        ['a-1', '{}'],
        ['b', '{}'],
      ],
    );
    t.equal(contents.next, undefined);
    await outbox.close();
  });

  t.test('changes come in their order, with the origins that a site gained or lost', async (t) => {
    const outbox = await open(t)();
    const { seq } = await outbox.entryState();
    await outbox.putEntries([site('a', { origins: ['https://a.example', 'https://b.example'] })], ANN);
    await outbox.putEntries([site('a', { content: '{"n":2}', origins: ['https://b.example', '*'] })], ANN);
    await outbox.putEntries([entry('partner', 'p')], ANN);
    const changes = await outbox.entryChanges(seq, 9);
    t.strictSame(changes.map(withoutSeq), [
      { kind: 'site', key: 'a', origins: ['https://a.example', 'https://b.example'] },
      { kind: 'site', key: 'a', origins: ['https://a.example', '*'] },
      { kind: 'partner', key: 'p', origins: [] },
    ]);
    const [first, , last] = changes.map((change) => change.seq);
    t.match(await outbox.entryState(), { seq: last, kinds: new Set(['site', 'partner']), callbacks: false });
    t.strictSame((await outbox.entryChanges(first ?? 0, 1)).map(withoutSeq), [
      { kind: 'site', key: 'a', origins: ['https://a.example', '*'] },
    ]);
    t.strictSame(await outbox.siteOrigins(['https://a.example', 'https://b.example', '*']), ['https://b.example', '*']);
    await outbox.removeEntry({ kind: 'site', key: 'a' }, ANN);
    t.strictSame(await outbox.siteOrigins(['https://b.example', '*']), []);
    await outbox.close();
  });

  t.test('the receivers of a stored site are told of its leads, beside those of the file', async (t) => {
    const outbox = await open(t)();
    await outbox.subscribe([{ destination: 'callback:site:file:1', site: 'file' }]);
    await outbox.putEntries([site('a', { callbacks: 2 }), entry('partner', 'p', { callbacks: 1 })], ANN);
    await outbox.subscribe([{ destination: 'callback:site:other:1', site: 'other' }]);
    t.match(await outbox.entryState(), { callbacks: true });
    t.equal(await outbox.hasCallbacks(), true);
    for (const key of ['a', 'file', 'other']) {
      const lease = await leased(outbox, 1_000, newLead({ lead: lead({ site: key }) }));
      await outbox.settle(lease, { status: 'delivered', attempted: true }, 2_000);
    }
    const due = async () => (await outbox.dueDestinations()).map(({ destination }) => destination).sort();
    t.strictSame(await due(), ['callback:site:a:1', 'callback:site:a:2', 'callback:site:other:1']);
    await outbox.putEntries([site('a', { content: '{"n":2}' })], ANN);
    await outbox.removeEntry({ kind: 'partner', key: 'p' }, ANN);
    t.match(await outbox.entryState(), { callbacks: false });
    t.equal(await outbox.hasCallbacks(), false);
    await outbox.close();
  });
}

function entry(kind: NewEntry['kind'], key: string, changes: Partial<NewEntry> = {}): NewEntry {
  return { kind, key, title: key, content: '{}', secrets: {}, origins: [], uses: [], callbacks: 0, ...changes };
}

const site = (key: string, changes: Partial<NewEntry> = {}): NewEntry =>
  entry('site', key, { title: `Site ${key}`, ...changes });

function stored(...entries: readonly (readonly [version: number, change: string])[]) {
  return { kind: 'stored', entries: entries.map(([version, change]) => ({ version, change })) };
}

async function keys(store: EntryStore, kind: NewEntry['kind'], limit = 100): Promise<string[]> {
  const found: string[] = [];
  for (let after: string | undefined; ; ) {
    const page = await store.listEntries(kind, { limit, ...(after !== undefined && { after }) });
    found.push(...page.items.map(({ key }) => key));
    if (page.next === undefined) return found;
    after = page.next;
  }
}

function withoutSeq({ seq: _seq, ...change }: EntryChange): Omit<EntryChange, 'seq'> {
  return change;
}
