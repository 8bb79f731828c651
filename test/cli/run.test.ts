import t from 'tap';
import { type Io, Misuse, type Session } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/commands/table.ts';
import { run } from '../../src/cli/run.ts';
import { StorageUnavailable } from '../../src/outbox/ports/storage-errors.ts';
import { terminalOver, type } from './support/terminal.ts';

t.test('--help lists every command, of a group those of it, and of a command its options', async (t) => {
  const all = await type('--help');
  t.equal(all.code, 0);
  for (const { name } of COMMANDS) t.ok(all.out.includes(`\n  ${name} `), name);
  const group = await type('suppress --help');
  t.match(group.out, /suppress add \[NUMBER\]/);
  t.notMatch(group.out, /leads list/);
});

for (const { name, options, summary } of COMMANDS) {
  t.test(`${name} --help explains it and its options, and opens nothing`, async (t) => {
    const { code, out, err } = await type(`${name} --help`);
    t.equal(code, 0);
    t.equal(err, '');
    t.ok(out.startsWith(summary));
    for (const option of [...Object.keys(options), 'json', 'help']) t.ok(out.includes(`  --${option}`), option);
  });

  t.test(`${name} with an option that it does not have is wrong usage`, async (t) => {
    t.match(await type(`${name} --colour`), { code: 2, out: '', err: /^Unknown option '--colour'.*--help\n$/ });
  });
}

t.test('what is no command is wrong usage, in one line that names what there is', async (t) => {
  t.match(await type(''), { code: 2, out: '', err: /^Say which command: leads list, .*\n$/ });
  t.match(await type('lead list'), { code: 2, err: /^There is no such command; there are: leads list/ });
  t.match(await type('leads'), { code: 2, err: /^There is no such command; there are: leads list, leads show/ });
  t.match(await type('stats now'), { code: 2, err: /^stats takes options only/ });
  t.match(await type('leads list --limit'), { code: 2, err: /^Option '--limit <value>' argument missing/ });
});

t.test('what is wrong with a value is one line and exit code 2; what is not there is 3', async (t) => {
  const { type } = terminalOver(t);
  t.match(await type('leads list --status open'), { code: 2, out: '', err: /^status: use queued[^\n]*\n$/ });
  t.match(await type('leads list --limit 0'), { code: 2, err: /^--limit is a number from 1 to 1000/ });
  t.match(await type('leads list --limit 1001'), { code: 2, err: /^--limit/ });
  t.match(await type('leads show'), { code: 2, err: /^Name one lead/ });
  t.match(await type('leads show cnv_none'), { code: 3, out: '', err: 'no such lead\n' });
});

t.test(
  'a storage that fails is one line and exit code 1, and an unforeseen error tells nothing of its data',
  async (t) => {
    const fail = (error: Error) => {
      let err = '';
      const io = { err: (text: string) => (err += text), user: 'ann' } as unknown as Io;
      return run(COMMANDS, ['stats'], io, () => Promise.reject(error)).then((code) => ({ code, err }));
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
      operations: { stats: () => Promise.reject(new Misuse('no')) },
      close: async () => {
        closed += 1;
      },
    }) as unknown as Session;
  t.equal((await type('stats', {}, open)).code, 2);
  t.equal(closed, 1);
});
