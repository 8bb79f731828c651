import t from 'tap';
import { terminalOver } from './support/terminal.ts';

const NUMBER = '+14045551212';

t.test('each command about a number takes it as its operand or with --phone', async (t) => {
  const { type, operations } = terminalOver(t);
  const listed = async () => (await operations.suppressions()).length;
  t.match(await type(`suppress add --phone ${NUMBER}`), { code: 0 });
  t.equal(await listed(), 1);
  t.match(await type(`suppress remove --phone ${NUMBER}`), { code: 0 });
  t.match(await type(`suppress add ${NUMBER}`), { code: 0 });
  t.equal(await listed(), 1);
  t.match(await type(`leads erase ${NUMBER} --yes`), { code: 0, out: /^0 leads erased/ });
  t.match(await type(`leads erase --phone ${NUMBER} --yes`), { code: 0, out: /^0 leads erased/ });
});

t.test('none, or two, are wrong usage', async (t) => {
  const { type } = terminalOver(t);
  for (const command of ['suppress add', 'suppress remove', 'leads erase --yes']) {
    t.match(await type(command), { code: 2, err: /Give the number/ });
    t.match(await type(`${command} ${NUMBER} --phone +14045551213`), { code: 2, err: /Give one number/ });
  }
});
