import t, { type Test } from 'tap';
import { buildStoredPartner, buildStoredSite } from '../../src/config/entries.ts';
import { createLiveSettings } from '../../src/config/live.ts';
import { createStoredEntries } from '../../src/config/stored.ts';
import type { NewEntry } from '../../src/domain/ports/entry-store.ts';
import type { ProviderAccount } from '../../src/domain/provider.ts';
import { manualClock } from '../support/clock.ts';
import { load } from '../support/config/load.ts';
import { sqliteOutbox } from '../support/outbox.ts';

const ANN = { actor: 'ann', at: 1 };

function entry(kind: NewEntry['kind'], key: string, content: object, changes: Partial<NewEntry> = {}): NewEntry {
  const base = { title: key, content: JSON.stringify(content), secrets: {}, origins: [], uses: [], callbacks: 0 };
  return { kind, key, ...base, ...changes };
}

const site = (key: string, changes: object = {}, more: Partial<NewEntry> = {}): NewEntry =>
  entry('site', key, { name: key, origins: [], country: 'US', targets: { advertiserIds: '*' }, ...changes }, more);

/** The entries of a store, as a process follows them, with the reads that it makes. */
async function followed(t: Test) {
  const store = await sqliteOutbox(t)();
  const reads: (readonly string[])[] = [];
  const faults: unknown[] = [];
  const unreadable: string[] = [];
  let away = false;
  let changes = 0;
  const clock = manualClock();
  const stored = createStoredEntries({
    store: {
      ...store,
      readEntries(kind, keys) {
        reads.push(keys);
        return store.readEntries(kind, keys);
      },
      entryChanges: async (after, limit) => {
        if (away) throw new Error('away');
        return store.entryChanges(after, limit);
      },
    },
    build: {
      site: ({ key, content, secrets = {} }) => buildStoredSite(key, content, secrets),
      partner: ({ key, content, secrets = {} }) => buildStoredPartner(key, content, secrets),
      provider: ({ key, secrets }) => ({ id: key, password: secrets?.['/password'] }) as ProviderAccount,
    },
    onChange: () => {
      changes += 1;
    },
    onUnreadable: ({ key }) => void unreadable.push(key),
    onFault: (error) => void faults.push(error),
    clock,
  });
  t.teardown(async () => {
    await stored.stop();
    await store.close();
  });
  return {
    store,
    stored,
    reads,
    faults,
    unreadable,
    clock,
    changes: () => changes,
    cut: (yes: boolean) => {
      away = yes;
    },
  };
}

t.test('a site is read when it is first needed, and again after it changed', async (t) => {
  const { store, stored, reads, clock } = await followed(t);
  await store.putEntries([site('a')], ANN);
  await stored.start();
  t.strictSame(reads, []);
  t.match(await stored.sites.find('a'), { key: 'a', name: 'a' });
  t.match(stored.sites.find('a'), { name: 'a' });
  await store.putEntries([site('a', { name: 'b' })], ANN);
  t.match(stored.sites.find('a'), { name: 'a' }, 'not known yet');
  await clock.advance(1_000);
  t.match(await stored.sites.find('a'), { name: 'b' });
  await store.removeEntry({ kind: 'site', key: 'a' }, ANN);
  await stored.poll();
  t.equal(await stored.sites.find('a'), undefined);
  t.strictSame(reads, [['a'], ['a'], ['a']]);
});

t.test('a site that did not exist is found once it is stored, and not looked for before', async (t) => {
  const { store, stored, reads } = await followed(t);
  await stored.start();
  t.equal(await stored.sites.find('new'), undefined);
  t.equal(stored.sites.find('new'), undefined);
  t.equal(stored.sites.find('x'.repeat(65)), undefined, 'no key is as long');
  await store.putEntries([site('new')], ANN);
  await stored.poll();
  t.match(await stored.sites.find('new'), { key: 'new' });
  t.strictSame(reads, [['new'], ['new']]);
});

t.test('an origin is allowed as long as any site has it', async (t) => {
  const { store, stored } = await followed(t);
  const [a, b] = ['https://a.example', 'https://b.example'];
  await store.putEntries([site('a', {}, { origins: [a] }), site('b', {}, { origins: [a] })], ANN);
  await stored.start();
  t.equal(await stored.sites.allows(a), true);
  t.equal(await stored.sites.allows(b), false);
  t.equal(stored.sites.allows(b), false, 'without a read');
  await store.putEntries([site('a', { name: 'x' }, { origins: [b] })], ANN);
  await stored.poll();
  t.equal(await stored.sites.allows(a), true);
  t.equal(await stored.sites.allows(b), true);
  await store.removeEntry({ kind: 'site', key: 'b' }, ANN);
  await stored.poll();
  t.equal(await stored.sites.allows(a), false);
});

t.test('partners and accounts are all in memory, and join those of the settings', async (t) => {
  const { store, stored, changes } = await followed(t);
  const hash = `sha256:${'1'.repeat(64)}`;
  await store.putEntries([entry('partner', 'crm', { keys: [hash], sites: '*' })], ANN);
  await stored.start();
  const settings = load({});
  const live = createLiveSettings(settings, stored);
  t.strictSame([...live.current().partners.keys()], ['crm']);
  await store.putEntries([entry('provider', 'eu', {}, { secrets: { '/password': 'x' } })], ANN);
  await store.removeEntry({ kind: 'partner', key: 'crm' }, ANN);
  await stored.poll();
  t.equal(changes(), 1);
  t.match(live.current().providers.get('eu'), { id: 'eu', password: 'x' });
  t.strictSame([...live.view.partners.keys()], []);
  t.strictSame(live.own(), settings);
  live.replace(load({ PHONE_DAILY_MAX: '3' }));
  t.match(live.current().providers.get('eu'), { id: 'eu' }, 'after a reload, too');
});

t.test('the rules of a stored site hold, and a site that could not be read leaves its leads to a person', async (t) => {
  const { store, stored } = await followed(t);
  const rules = { unknownOutcome: 'hold', dailyMax: { site: 7 }, failurePatterns: { 'we are full': 'not_sent' } };
  await store.putEntries([site('a', rules)], ANN);
  await stored.start();
  const live = createLiveSettings(load({}), stored);
  t.equal(live.retryRules('a').unknown, 'hold', 'not in memory');
  await Promise.all([stored.sites.find('a'), stored.sites.find('none')]);
  t.equal(live.retryRules('a').unknown, 'hold');
  t.equal(live.retryRules('none').unknown, 'resend', 'a site that was removed');
  t.equal(live.dailyMax('a').site, 7);
  t.match(live.failurePatterns({ site: 'a', provider: 'default' }), { site: [{ class: 'not_sent' }] });
});

t.test('while the storage fails, what is known stays, and what changed counts afterwards', async (t) => {
  const { store, stored, faults, clock, cut } = await followed(t);
  await store.putEntries([site('a')], ANN);
  await stored.start();
  await stored.sites.find('a');
  await store.putEntries([site('a', { name: 'b' })], ANN);
  cut(true);
  await clock.advance(3_000);
  t.equal(faults.length, 1, 'told once');
  t.match(stored.sites.find('a'), { name: 'a' });
  cut(false);
  await clock.advance(1_000);
  t.match(await stored.sites.find('a'), { name: 'b' });
});

t.test('an entry that cannot be built counts as absent, and the others are used', async (t) => {
  const { store, stored, unreadable } = await followed(t);
  await store.putEntries([site('good'), entry('site', 'bad', {}, { content: '[' })], ANN);
  await stored.start();
  t.match(await Promise.all([stored.sites.find('good'), stored.sites.find('bad')]), [{ key: 'good' }, undefined]);
  t.strictSame(unreadable, ['bad']);
});
