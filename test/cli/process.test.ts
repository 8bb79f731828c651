import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { besideRunning, gateway, startProgram } from '../support/cli/process.ts';

const CANARIES = {
  phone: '+14165550187',
  national: '4165550187',
  name: 'Canaryfirst',
  last: 'Canarylast',
  question: 'canary-question',
  listing: 'canary-listing',
  consent: 'canary-consent',
  page: 'canary-query',
  title: 'canary-title',
  description: 'canary-words',
};

const LINES: readonly (readonly string[])[] = [
  ['leads', 'list'],
  ['leads', 'list', '--phone', '+1 (416) 555-0187', '--json'],
  ['leads', 'show', 'ID'],
  ['leads', 'show', 'ID', '--json'],
  ['leads', 'show', '+14165550187'],
  ['leads', 'release', '--phone', '+1 (416) 555-0187', '--dry-run', '--json'],
  ['leads', 'list', '--phone', '416 555 0187'],
  ['leads', 'list', '--country', 'CA', '--phone', '416 555 018'],
  ['suppress', 'add', '+14165550187'],
  ['suppress', 'list'],
  ['suppress', 'remove', '+14165550187', '--json'],
  ['leads', 'release', '--phone', '+14165550187', '--yes'],
  ['stats'],
  ['check'],
  ['leads', 'erase', '--phone', '+14165550187', '--suppress', '--yes'],
  ['leads', 'show', 'ID', '--reveal'],
  ['audit'],
  ['audit', '--json'],
];

t.test('a lead that is released beside a running gateway is due at once', async (t) => {
  const { outbox, parked, startProgram } = besideRunning(t);
  const id = await parked();
  const { code, out, err } = await startProgram('leads', 'release', id, '--yes', '--json');
  t.match({ code, queued: JSON.parse(out).queued }, { code: 0, queued: 1 });
  t.match(err, /^1 lead to send\./);
  const [claim] = await outbox.claim({ providers: ['default'], limit: 5, now: Date.now() });
  t.match(claim, { lease: { id }, tries: 0 });
});

t.test('commands of the database work whatever mistakes other settings have, and say so', async (t) => {
  const { env, path, parked } = besideRunning(t);
  const id = await parked();
  const config = `${path}.config.json`;
  writeFileSync(config, '{ "sites": ');
  const broken = {
    ...env,
    CONFIG_FILE: config,
    PORT: 'http',
    PROVIDER_PASSWORD: 'canary',
  };
  for (const line of [
    ['leads', 'list', '--json'],
    ['leads', 'show', id, '--json'],
    ['leads', 'release', id, '--yes', '--json'],
    ['leads', 'replay', '--status', 'delivered', '--dry-run', '--json'],
    ['stats', '--json'],
    ['suppress', 'list', '--json'],
    ['leads', 'erase', '--phone', '+14045551212', '--yes', '--json'],
    ['audit', '--json'],
    ['backup', 'create', `${path}.backup`, '--json'],
    ['backup', 'verify', `${path}.backup`, '--json'],
  ]) {
    const { code, out, err } = await gateway(line, broken);
    t.equal(code, 0, line.join(' '));
    t.ok(JSON.parse(out), 'the output is that of the command alone');
    t.match(err, /^WARNING: the configuration has \d+ mistakes; this command does not depend on them\..* check$/m);
    t.notMatch(err, /canary/);
  }
  t.notMatch((await gateway(['stats'], env)).err, /WARNING/);
});

t.test('a mistake in the settings of the database or its keys ends a command with all mistakes', async (t) => {
  const { env } = besideRunning(t);
  for (const wrong of [
    { DATABASE_URL: 'mysql://x' },
    { DATA_KEY: 'canary' },
    { HASH_KEY_FILE: '/nowhere' },
    { DATA_KEY: '' },
  ]) {
    const { HASH_KEY, ...others } = env;
    const settings = {
      ...others,
      ...(!('HASH_KEY_FILE' in wrong) && { HASH_KEY }),
      PORT: 'http',
      NODE_ENV: 'production',
    };
    const { code, out, err } = await gateway(['stats'], { ...settings, ...wrong });
    t.equal(code, 1);
    t.equal(out, '');
    t.match(err, new RegExp(`- ${Object.keys(wrong)[0]} [^]*- PORT |- PORT [^]*- ${Object.keys(wrong)[0]} `));
    t.notMatch(err, /canary/);
  }
});

t.test('without a terminal no question is asked and no lead is sent', async (t) => {
  const { outbox, parked, startProgram } = besideRunning(t);
  const id = await parked();
  t.match(await startProgram('leads', 'replay', id), {
    code: 2,
    out: '',
    err: /add --yes, because there is no terminal/,
  });
  t.match(await outbox.find(id), { status: 'parked' });
});

t.test('an erasure reaches the database of the running gateway', async (t) => {
  const { outbox, parked, gateway } = besideRunning(t);
  const id = await parked();
  t.match(await gateway('leads', 'erase', '--phone', '+1 404 555 1212', '--yes'), { code: 0, out: '1 lead erased.\n' });
  t.match(await outbox.show(id), { erased: true });
});

t.test('the audit names the user of the operating system', async (t) => {
  const { parked, gateway, startProgram } = besideRunning(t);
  const id = await parked();
  t.match(await startProgram('leads', 'show', id, '--reveal'), { code: 0, out: /phone +\+14045551212\n/ });
  const { out } = await gateway('audit', '--json');
  t.match(JSON.parse(out), { items: [{ action: 'reveal', actor: /^cli:.+/, detail: `ids=${id}` }] });
});

t.test('a missing database is not created', async (t) => {
  const path = join(t.testdir(), 'misspelt.db');
  const { code, out, err } = await startProgram(['stats'], { DATABASE_URL: `sqlite:${path}` });
  t.match({ code, out }, { code: 1, out: '' });
  t.match(err, /misspelt\.db cannot be used: it is not there; is DATABASE_URL right[^\n]*\n$/);
  t.equal(existsSync(path), false);
});

t.test('help and keys need no settings', async (t) => {
  const broken = { PORT: 'http' };
  t.match(await startProgram(['--help'], broken), { code: 0, err: '' });
  t.match(await gateway(['keys', 'new', '--data'], broken), { code: 0, out: /^DATA_KEY=[A-Za-z0-9+/]{43}=\n$/ });
});

t.test('every entry says in one line that Node is too old', async (t) => {
  const oldNode = `data:text/javascript,${encodeURIComponent(
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.17.1' } })",
  )}`;
  for (const entry of ['src/cli/gateway.js', 'src/start.js']) {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', oldNode, entry, '--help'], {
      env: {},
      encoding: 'utf8',
    });
    t.equal(status, 1, entry);
    t.match(stdout + stderr, /^Text Connect Gateway needs Node 22\.18 or newer[^\n]*\n$/, entry);
  }
});

t.test('no command prints personal data without --reveal', async (t) => {
  const { parked, gateway } = besideRunning(t);
  const id = await parked(
    {
      phone: { e164: CANARIES.phone, callingCode: '1', national: CANARIES.national },
      firstName: CANARIES.name,
      lastName: CANARIES.last,
      question: CANARIES.question,
      listing: { note: CANARIES.listing },
      consent: { text: CANARIES.consent },
      page: { url: `https://dealer.example/?q=${CANARIES.page}`, title: CANARIES.title },
    },
    CANARIES.description,
  );
  const revealed = await gateway('leads', 'show', id, '--reveal', '--json');
  for (const canary of Object.values(CANARIES)) {
    if (canary !== CANARIES.national) t.ok(revealed.out.includes(canary), `${canary} is there to be found`);
  }
  for (const line of LINES) {
    const { out, err } = await gateway(...line.map((word) => (word === 'ID' ? id : word)));
    for (const [name, canary] of Object.entries(CANARIES)) {
      t.notOk(`${out}${err}`.includes(canary), `${name} in: ${line.join(' ')}`);
    }
  }
});
