import t from 'tap';
import { NOON } from '../support/admin/operations.ts';
import { terminalOver } from '../support/cli/terminal.ts';

t.test('leads are a table for people and JSON items for machines', async (t) => {
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

t.test('a list with more pages prints a cursor, which returns the next page', async (t) => {
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

t.test('an empty list is reported and exits with 0', async (t) => {
  const { type } = terminalOver(t);
  t.strictSame(await type('leads list --site none'), { code: 0, out: '', err: 'No lead matches.\n' });
});

t.test('a lead is shown masked unless it is revealed', async (t) => {
  const { type, store } = terminalOver(t);
  const id = await store('parked', { firstName: 'Ann', question: 'Red?\u001b[31m' });
  const outline = await type(`leads show ${id}`);
  t.match(outline.out, /phone +\+1\*{6}1212\n/);
  t.match(outline.out, /firstName +A…\n/);
  t.match(outline.out, /why +every attempt of the retry schedule failed\n/);
  const full = await type(`leads show ${id} --reveal`);
  t.match(full.out, /phone +\+14045551212\n/);
  t.match(full.out, /question +Red\?\\u001b\[31m\n/, 'what a stranger wrote cannot steer the terminal');
  t.match(full.out, /provider said +No such merchant\n/);
  t.match(JSON.parse((await type('audit --json')).out), { items: [{ actor: 'cli:ann', action: 'reveal' }] });
});

t.test('a lead is shown with its history, oldest first', async (t) => {
  const { type, store } = terminalOver(t);
  const id = await store('parked');
  await type(`leads release ${id} --yes`);
  const { out } = await type(`leads show ${id}`);
  const lines = out.slice(out.indexOf('WHEN')).split('\n');
  t.match(lines[0], /^WHEN +EVENT +RESULT +HTTP +TOOK +NEXT TRY +BY +PROVIDER SAID$/);
  t.match(lines[1], /^2026-11-24T12:00:00.000Z +stored$/);
  t.match(lines[2], /^2026-11-24T12:00:00.000Z +attempt 1 +not_sent, http_503 +503 +12 ms +\(16 characters\)$/);
  t.match(lines[3], /^2026-11-24T12:00:00.000Z +release +cli:ann$/);
  t.match(lines[4], /^2026-11-24T12:00:00.000Z +state +queued$/);
  const machine = await type(`leads show ${id} --json`);
  t.match(JSON.parse(machine.out), { history: [{ event: 'stored' }, { attempt: 1 }, { actor: 'cli:ann' }, {}] });
});

t.test('a replay previews what it would send, warns of second conversations, and asks', async (t) => {
  const { type, store, statusOf } = terminalOver(t);
  const id = await store('delivered');
  await store('unknown', { site: 'north' });
  await store('queued');
  const asked = await type('leads replay --since 24h', { answers: 'no' });
  t.equal(asked.code, 1);
  t.match(asked.err, /^2 leads to send\.\n {2}by status: unknown 1, delivered 1\n {2}by site: +north 1, demo 1\n/);
  t.match(asked.err, /\n1 lead left alone: queued/);
  t.match(asked.err, /\nWARNING: 1 of them was delivered; agents will see a second conversation\.\n/);
  t.match(asked.err, /\nWARNING: 1 of them may have arrived/);
  t.match(asked.err, /\nSend 2 leads\? \[y\/N\] Nothing was done\.\n$/);
  t.equal(await statusOf(id), 'delivered');
});

t.test('a lead that may have arrived before its last release is warned of, whatever its status is now', async (t) => {
  const { type, store, outbox } = terminalOver(t);
  const id = await store('unknown');
  await type(`leads release ${id} --yes`);
  const [claim] = await outbox.claim({ providers: ['default'], limit: 1, now: NOON });
  if (!claim) throw new Error('nothing to claim');
  await outbox.settle(claim.lease, { status: 'parked', cause: 'schedule', attempted: true }, NOON);
  const { out, err } = await type('leads release --cause schedule --dry-run --json');
  t.match(err, /\nWARNING: 1 of them may have arrived; agents may see a second conversation\.\n/);
  t.match(JSON.parse(out), { matched: 1, byStatus: { parked: 1 }, mayHaveArrived: 1 });
});

t.test('the answer yes sends, with a progress bar on a terminal', async (t) => {
  const { type, store, statusOf } = terminalOver(t);
  const id = await store('parked');
  const { code, err } = await type(`leads replay ${id}`, { answers: 'y' });
  t.equal(code, 0);
  t.match(err, /\r█{30} 1 of 1\n1 lead queued\.\n$/);
  t.equal(await statusOf(id), 'queued');
});

t.test('a script needs --yes and gets plain lines of progress', async (t) => {
  const { type, store, statusOf } = terminalOver(t);
  const id = await store('parked');
  t.match(await type(`leads replay ${id}`), {
    code: 2,
    err: /\nNothing was done: add --yes, because there is no terminal to ask on\.\n$/,
  });
  t.equal(await statusOf(id), 'parked');
  const { code, out, err } = await type(`leads replay ${id} --yes --json`);
  t.equal(code, 0);
  t.match(err, /\n1 of 1\n1 lead queued\.\n$/);
  t.strictSame(JSON.parse(out), {
    action: 'replay',
    dryRun: false,
    matched: 1,
    byStatus: { parked: 1 },
    bySite: { demo: 1 },
    byProvider: { default: 1 },
    waiting: [],
    mayHaveArrived: 0,
    skipped: 0,
    missing: 0,
    queued: 1,
  });
});

t.test('leads retry sends queued leads now, and says which of them wait all the same', async (t) => {
  const { type, outbox, waiting } = terminalOver(t, { openBreakers: ['eu-main'] });
  const [first, other] = [await waiting(), await waiting({ provider: 'eu-main' })];
  const sent = await waiting({ site: 'north' });
  const asked = await type('leads retry --site demo', { answers: 'no' });
  t.match(asked, { code: 1, err: /^2 leads to send\.\n {2}by status: queued 2\n/ });
  t.match(asked.err, /\nWAITS: 1 lead of the account eu-main, whose breaker is open: sent when it closes\.\n/);
  t.ok(((await outbox.find(first))?.dueAt ?? 0) > NOON);

  const { code, out } = await type('leads retry --site demo --yes --json');
  t.equal(code, 0);
  const shown = {
    action: 'retry',
    matched: 2,
    queued: 2,
    waiting: [{ provider: 'eu-main', reason: 'breaker', leads: 1 }],
  };
  t.match(JSON.parse(out), shown);
  for (const id of [first, other]) t.match(await outbox.find(id), { status: 'queued', attempts: 1, dueAt: NOON });
  t.ok(((await outbox.find(sent))?.dueAt ?? 0) > NOON, 'another site');
  t.match((await type('leads retry --status queued --dry-run')).err, /\n2 leads left alone: due already, being sent/);
  t.match(await type('leads retry'), { code: 2, err: /Give the ids of leads, or select leads with options/ });
  t.match(await type('leads retry --status parked --yes'), { code: 2, err: /retry takes queued/ });
  const { items } = JSON.parse((await type('audit --json')).out);
  t.match(items, [{ actor: 'cli:ann', action: 'retry', count: 2, detail: 'site=demo' }]);
});

t.test('leads retry says which leads wait for a parked account', async (t) => {
  const { type, outbox, waiting } = terminalOver(t);
  for (let n = 0; n < 3; n += 1) await waiting({ target: { advertiserId: String(n) } }, 'refused');
  t.equal((await outbox.parked()).length, 1);
  const { err } = await type('leads retry --provider default --dry-run');
  t.match(err, /\nWAITS: \d leads? of the account default, which is parked: sent when it is released\.\n/);
});

t.test('--dry-run changes nothing and asks nothing', async (t) => {
  const { type, store, statusOf } = terminalOver(t);
  const id = await store('held');
  const { code, out, err } = await type('leads release --status held --dry-run --json', { answers: 'y' });
  t.equal(code, 0);
  t.match(JSON.parse(out), { dryRun: true, matched: 1, queued: 0 });
  t.notMatch(err, /\[y\/N\]/);
  t.equal(await statusOf(id), 'held');
});

t.test('an empty selection asks no question and exits with 0', async (t) => {
  const { type } = terminalOver(t);
  t.match(await type('leads release --status held'), { code: 0, err: '0 leads to send.\n' });
});

t.test('a release does not send leads that wait for no decision', async (t) => {
  const { type, store, statusOf } = terminalOver(t);
  const id = await store('delivered');
  t.match(await type(`leads release ${id} --yes`), { code: 0, err: /^0 leads to send\.\n1 lead left alone/ });
  t.equal(await statusOf(id), 'delivered');
  t.match(await type('leads release --status delivered --yes'), { code: 2, err: /^status: release takes held/ });
});

t.test('without ids or a filter nothing is sent', async (t) => {
  const { type } = terminalOver(t);
  t.match(await type('leads replay --yes'), { code: 2, err: /^Give the ids of leads, or select/ });
  t.match(await type('leads replay --site  --yes'), { code: 2 });
});

t.test('an unknown id gives exit code 3; the others are sent', async (t) => {
  const { type, store, statusOf } = terminalOver(t);
  const id = await store('parked');
  t.match(await type(`leads replay ${id} cnv_none --yes`), { code: 3, err: /\n1 id not found\.\n/ });
  t.equal(await statusOf(id), 'queued');
  t.match(await type('leads replay cnv_none --yes'), { code: 3, err: 'no such lead\n' });
});
