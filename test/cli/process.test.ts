import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { besideRunning, gateway } from './support/process.ts';

t.test('what is released beside a running gateway is due in it at once', async (t) => {
  const { outbox, parked, gateway } = besideRunning(t);
  const id = await parked();
  const { code, out, err } = await gateway('leads', 'release', id, '--yes', '--json');
  t.match({ code, queued: JSON.parse(out).queued }, { code: 0, queued: 1 });
  t.match(err, /^1 lead to send\./);
  const [claim] = await outbox.claim({ providers: ['default'], limit: 5, now: Date.now() });
  t.match(claim, { lease: { id }, tries: 0 });
});

t.test('without a terminal nobody is asked and nothing is sent', async (t) => {
  const { outbox, parked, gateway } = besideRunning(t);
  const id = await parked();
  t.match(await gateway('leads', 'replay', id), { code: 2, out: '', err: /add --yes where nobody can be asked/ });
  t.match(await outbox.find(id), { status: 'parked' });
});

t.test('an erasure reaches the database of the running gateway', async (t) => {
  const { outbox, parked, gateway } = besideRunning(t);
  const id = await parked();
  t.match(await gateway('leads', 'erase', '--phone', '+1 404 555 1212', '--yes'), { code: 0, out: '1 lead erased.\n' });
  t.match(await outbox.show(id), { erased: true });
});

t.test('the audit names who was at the keyboard', async (t) => {
  const { parked, gateway } = besideRunning(t);
  const id = await parked();
  t.match(await gateway('leads', 'show', id, '--reveal'), { code: 0, out: /phone +\+14045551212\n/ });
  const { out } = await gateway('audit', '--json');
  t.match(JSON.parse(out), { items: [{ action: 'reveal', actor: /^cli:.+/, detail: `ids=${id}` }] });
});

t.test('a database that is not there is not created', async (t) => {
  const path = join(t.testdir(), 'misspelt.db');
  const { code, out, err } = await gateway(['stats'], { DATABASE_URL: `sqlite:${path}` });
  t.match({ code, out }, { code: 1, out: '' });
  t.match(err, /misspelt\.db cannot be used: it is not there; is DATABASE_URL right[^\n]*\n$/);
  t.equal(existsSync(path), false);
});

t.test('every mistake in the settings is listed', async (t) => {
  const { code, err } = await gateway(['stats'], { PORT: 'http', LOG_LEVEL: 'loud' });
  t.equal(code, 1);
  t.match(err, /LOG_LEVEL .*\n.*PORT /);
});

t.test('help and keys need no settings', async (t) => {
  const broken = { PORT: 'http' };
  t.match(await gateway(['--help'], broken), { code: 0, err: '' });
  t.match(await gateway(['keys', 'new', '--data'], broken), { code: 0, out: /^DATA_KEY=[A-Za-z0-9+/]{43}=\n$/ });
});
