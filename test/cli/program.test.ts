import { createHash } from 'node:crypto';
import Fastify, { type FastifyRequest } from 'fastify';
import t from 'tap';
import { createAccess } from '../../src/admin/api/access.ts';
import { type Context, type Io, UsageError } from '../../src/cli/command.ts';
import { createProgram, leavesOf, nameOf, run } from '../../src/cli/program.ts';
import type { Session } from '../../src/cli/session.ts';
import { keyHashBytes } from '../../src/config/formats/formats.ts';
import { StorageUnavailable } from '../../src/domain/ports/outbox.ts';
import { createPartnerCheck } from '../../src/http/access.ts';
import { terminalOver, type } from '../support/cli/terminal.ts';

const COMMANDS = leavesOf(createProgram({} as Context));

t.test('--help lists every command, for a group its own, and for a command its options', async (t) => {
  const all = await type('--help');
  t.equal(all.code, 0);
  t.equal(all.err, '');
  for (const command of COMMANDS) t.ok(all.out.includes(`\n  ${nameOf(command)} `), nameOf(command));
  t.match(await type('help'), { code: 0, out: all.out, err: '' });
  const group = await type('suppress --help');
  t.match(group.out, /suppress add \[NUMBER…\]/);
  t.notMatch(group.out, /leads list/);
});

for (const command of COMMANDS) {
  const name = nameOf(command);
  t.test(`${name} --help explains it and its options, and opens nothing`, async (t) => {
    const { code, out, err } = await type(`${name} --help`);
    t.equal(code, 0);
    t.equal(err, '');
    t.ok(out.startsWith(`Usage: npm run -s gateway -- ${name} `));
    t.ok(out.replace(/\s+/g, ' ').includes(command.description()));
    const options = command.options.map(({ long }) => String(long));
    for (const option of [...options, '--help']) t.match(out, new RegExp(`\\n  (-h, )?${option}\\b`), option);
    const onlyText = ['render', 'config-schema'].includes(name);
    t.equal(options.includes('--json'), !onlyText, 'commands that answer have --json');
  });

  t.test(`${name} with an option that it does not have is wrong usage`, async (t) => {
    t.match(await type(`${name} --colour`), { code: 2, out: '', err: /^Unknown option '--colour'[^\n]*--help\n$/ });
  });
}

t.test('a command that does not exist is wrong usage, in one line that names those that do', async (t) => {
  t.match(await type(''), { code: 2, out: '', err: /^Give one of these commands: leads list, .*\n$/ });
  t.match(await type('lead list'), {
    code: 2,
    err: /^There is no such command; there are: leads list.* Did you mean leads list\? More: .* --help\n$/,
  });
  t.match(await type('stast'), { code: 2, err: /Did you mean stats\?/ });
  t.match(await type('leads lst --json'), { code: 2, err: /Did you mean leads list\?/ });
  t.match(await type('leads'), { code: 2, err: /^There is no such command; there are: leads list, leads show/ });
});

t.test('a wrong option or argument is wrong usage, in one line that says what is right', async (t) => {
  t.match(await type('stats now'), { code: 2, err: /^stats takes options only/ });
  t.match(await type('leads show 1 2'), { code: 2, err: /^leads show takes one ID only/ });
  t.match(await type('leads list --limit'), { code: 2, err: /^Option '--limit <n>' argument missing/ });
  t.match(await type('leads list --statsu queued'), {
    code: 2,
    err: /did you mean --status\? More: .* leads list --help/,
  });
  t.match(await type('leads erase --yes=no'), { code: 2, err: /^Option '--yes' takes no value/ });
  t.match(await type('leads list --site --json'), { code: 2, err: /^--site needs a value/ });
  t.match(await type('leads list --after='), { code: 2, err: /^--after is empty/ });
  t.match(await type('--json stats'), { code: 2, err: /^Unknown option '--json'/ });
});

t.test('no message about a wrong command line quotes a value, which may be personal data', async (t) => {
  for (const line of [
    '+14045551212',
    'leads +14045551212',
    'leads show 1 +14045551212',
    'stats +14045551212',
    'leads list --phon=+14045551212',
    "leads list --phon=+14045551212'x",
    'leads list -p14045551212',
    'leads list --limit +14045551212',
    'leads list --phone -14045551212',
  ]) {
    const { code, out, err } = await type(line);
    t.equal(code, 2, line);
    t.notMatch(out + err, /5551212/, line);
  }
});

t.test('a wrong value gives one line and exit code 2; a missing record gives 3', async (t) => {
  const { type } = terminalOver(t);
  t.match(await type('leads list --status open'), { code: 2, out: '', err: /^status: use queued[^\n]*\n$/ });
  t.match(await type('leads list --limit 0'), { code: 2, err: /^--limit is a number from 1 to 1000/ });
  t.match(await type('leads list --limit 1001'), { code: 2, err: /^--limit/ });
  t.match(await type('leads show'), { code: 2, err: /^Missing required argument 'id'/ });
  t.match(await type('leads show cnv_none'), { code: 3, out: '', err: 'no such lead\n' });
});

t.test(
  'a storage failure gives one line and exit code 1, and an unexpected error shows none of its data',
  async (t) => {
    const fail = (error: Error) => {
      let err = '';
      const io = { err: (text: string) => (err += text), user: 'ann' } as unknown as Io;
      return run(['stats'], io, () => Promise.reject(error)).then((code) => ({ code, err }));
    };
    t.match(await fail(new StorageUnavailable('The storage did not answer a read.')), {
      code: 1,
      err: 'The storage did not answer a read.\n',
    });
    t.match(await fail(new TypeError('bad +14045551212')), { code: 1, err: /^The command failed: TypeError[^\n]*\n$/ });
    t.notMatch((await fail(new TypeError('bad +14045551212'))).err, /404/);
  },
);

t.test('the store is closed when the command is over, also when it fails', async (t) => {
  let closed = 0;
  const open = async () =>
    ({
      operations: { stats: () => Promise.reject(new UsageError('no')) },
      close: async () => {
        closed += 1;
      },
    }) as unknown as Session;
  t.equal((await type('stats', {}, open)).code, 2);
  t.equal(closed, 1);
});

t.test('a partner with a new key is accepted by the hash in the configuration', async (t) => {
  const { code, out } = await type('keys new --json');
  t.equal(code, 0);
  const { key, hash } = JSON.parse(out);
  t.match(key, /^tcg_[A-Za-z0-9_-]{43}$/);
  t.equal(hash, `sha256:${createHash('sha256').update(key).digest('hex')}`);
  const partner = { id: 'acme', keyHashes: [keyHashBytes(hash)], sites: '*', rate: { max: 1, windowS: 1 } } as const;
  t.equal(createPartnerCheck(new Map([['acme', partner]]))(`Bearer ${key}`).id, 'acme');
});

t.test('for people the key and its hash are two lines, and a warning that it is shown once', async (t) => {
  const { out, err } = await type('keys new');
  t.match(out, /^key {3}tcg_\S+\nhash {2}sha256:[0-9a-f]{64}\n$/);
  t.match(err, /cannot be shown again/);
});

t.test('keys of the gateway itself are 32 bytes, ready to paste', async (t) => {
  for (const [option, setting] of [
    ['data', 'DATA_KEY'],
    ['hash', 'HASH_KEY'],
  ]) {
    const { out, err } = await type(`keys new --${option}`);
    const [, name, key = ''] = /^(\w+)=(\S+)\n$/.exec(out) ?? [];
    t.equal(name, setting);
    t.equal(Buffer.from(key, 'base64').length, 32);
    t.equal(err, '');
    t.strictSame(JSON.parse((await type(`keys new --${option} --json`)).out), { setting, key });
  }
  t.equal((await type('keys new --data --hash')).code, 2);
});

t.test('an operator with a new token is accepted by the hash in the configuration', async (t) => {
  const { token, hash } = JSON.parse((await type('keys new --operator --json')).out);
  t.match(token, /^tcg_op_[A-Za-z0-9_-]{43}$/);
  const operators = [{ name: 'ann', role: 'viewer', tokenHash: keyHashBytes(hash) } as const];
  const access = await createAccess(Fastify(), { admin: 'a'.repeat(32), operators: () => operators }, () => 0);
  const request = { ip: '192.0.2.1', headers: { authorization: `Bearer ${token}` } } as FastifyRequest;
  t.strictSame(await access.check(request), { name: 'ann', role: 'viewer' });
  const { out, err } = await type('keys new --operator');
  t.match(out, /^token {2}tcg_op_\S+\nhash {3}sha256:[0-9a-f]{64}\n$/);
  t.match(err, /cannot be shown again/);
  t.equal((await type('keys new --operator --data')).code, 2);
});
