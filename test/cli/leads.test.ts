import t from 'tap';
import { terminalOver } from './support/terminal.ts';

t.test('leads are a table for people and items for machines', async (t) => {
  const { type, store } = terminalOver(t);
  const id = await store('parked', { partner: 'acme' });
  const people = await type('leads list');
  t.match(people, { code: 0, err: '' });
  t.match(
    people.out,
    new RegExp(`^ID .*STATUS .*STORED\n${id} +parked +schedule +demo +acme +default +1 +2026-11-24T12:00`),
  );
  const machine = await type('leads list --json');
  t.match(JSON.parse(machine.out), { items: [{ id, status: 'parked' }] });
});

t.test('a list that goes on says how, and its cursor gives the rest', async (t) => {
  const { type, store } = terminalOver(t);
  const ids = [await store('queued'), await store('queued')];
  const { out, err } = await type('leads list --limit 1');
  t.match(out, String(ids[1]));
  const cursor = /^More: --after (\S+)\n$/.exec(err)?.[1] ?? '';
  const rest = await type(['leads', 'list', '--after', cursor]);
  t.match(rest.out, String(ids[0]));
  t.notMatch(rest.out, String(ids[1]));
  t.equal(rest.err, '');
});

t.test('statuses may be given as a list, as several options, or both', async (t) => {
  const { type, store } = terminalOver(t);
  for (const status of ['parked', 'unknown', 'delivered', 'rejected'] as const) await store(status);
  const { out } = await type('leads list --status parked,unknown --status delivered --json');
  t.equal(JSON.parse(out).items.length, 3);
});

t.test('no match is said, and is no failure', async (t) => {
  const { type } = terminalOver(t);
  t.strictSame(await type('leads list --site none'), { code: 0, out: '', err: 'No lead matches.\n' });
});

t.test('a lead is shown in outline unless it is revealed', async (t) => {
  const { type, store } = terminalOver(t);
  const id = await store('parked', { firstName: 'Ann', question: 'Red?\u001b[31m' });
  const outline = await type(`leads show ${id}`);
  t.match(outline.out, /phone +\+1\*{6}1212\n/);
  t.match(outline.out, /firstName +A…\n/);
  t.match(outline.out, /why +every try of the retry schedule failed\n/);
  const full = await type(`leads show ${id} --reveal`);
  t.match(full.out, /phone +\+14045551212\n/);
  t.match(full.out, /question +Red\?\\u001b\[31m\n/, 'what a stranger wrote cannot steer the terminal');
  t.match(full.out, /provider said +No such merchant\n/);
  t.match(JSON.parse((await type('audit --json')).out), { items: [{ actor: 'cli:ann', action: 'reveal' }] });
});

t.test('erasing asks first, says how many leads it takes, and ends with none', async (t) => {
  const { type, store } = terminalOver(t);
  await store('delivered');
  t.match(await type('leads erase --phone +14045551212', { answers: 'n' }), {
    code: 1,
    out: '',
    err: /^1 lead of this number\.\nErase every trace of it\? Nothing brings it back\. \[y\/N\] Nothing was done\.\n$/,
  });
  t.match(await type('leads erase --phone +14045551212'), { code: 2, out: '', err: /add --yes/ });
  t.match(await type('leads erase --phone 404-555-1212 --country US --suppress --yes'), {
    code: 0,
    out: '1 lead erased; the number is suppressed.\n',
  });
  t.match(await type('leads list --phone +14045551212'), { err: 'No lead matches.\n' });
  t.match(await type('leads erase --yes'), { code: 2, err: /^Give the number with --phone/ });
});

t.test('figures are pairs for people', async (t) => {
  const { type, store } = terminalOver(t);
  await store('queued');
  const { out } = await type('stats');
  t.match(out, /^queued +1\ndelivered +0\n/);
  t.match(out, /oldest queued +2026-11-24T12:00:00\.000Z \(0 s ago\)\n/);
  t.match(out, /parked providers +none\n$/);
});

t.test('numbers are suppressed and let go again', async (t) => {
  const { type } = terminalOver(t);
  t.match(await type(['suppress', 'add', '+1 404 555 1212']), { code: 0, out: 'Suppressed.\n' });
  t.match(await type('suppress add +14045551212'), { code: 0, out: 'It was already.\n' });
  t.match(await type('suppress list'), { out: /^HASH +SINCE\n[0-9a-f]{32} +2026-11-24T12:00:00\.000Z\n$/ });
  t.match(await type('suppress remove +14045551212 --json'), { code: 0, out: '{"suppressed":false,"changed":true}\n' });
  t.match(await type('suppress remove +14045551212'), { code: 3, err: 'It was not on the list.\n' });
  t.match(await type('suppress add 4045551212'), { code: 2, err: /^phone: write the number with its country code/ });
  t.match(await type('suppress add +1 404 555 1212'), { code: 2, err: /in quotes/ });
});
