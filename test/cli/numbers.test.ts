import t from 'tap';
import { terminalOver } from '../support/cli/terminal.ts';

const NUMBER = '+14045551212';

t.test('each command about a number takes it as its operand or with --phone', async (t) => {
  const { type, operations } = terminalOver(t);
  const listed = async () => (await operations.suppressions({ limit: 9 })).items.length;
  t.match(await type(`suppress add --phone ${NUMBER}`), { code: 0 });
  t.equal(await listed(), 1);
  t.match(await type(`suppress remove --phone ${NUMBER}`), { code: 0 });
  t.match(await type(`suppress add ${NUMBER}`), { code: 0 });
  t.equal(await listed(), 1);
  t.match(await type(`leads erase ${NUMBER} --yes`), { code: 0, out: /^0 leads erased/ });
  t.match(await type(`leads erase --phone ${NUMBER} --yes`), { code: 0, out: /^0 leads erased/ });
});

t.test('no number, or two numbers, are wrong usage', async (t) => {
  const { type } = terminalOver(t);
  for (const command of ['suppress add', 'suppress remove', 'leads erase --yes']) {
    t.match(await type(command), { code: 2, err: /Give the number/ });
    t.match(await type(`${command} ${NUMBER} --phone +14045551213`), { code: 2, err: /Give one number/ });
  }
});

t.test('erasing says how many leads it would erase, asks, and leaves none', async (t) => {
  const { type, store } = terminalOver(t);
  await store('delivered');
  t.match(await type('leads erase --phone +14045551212', { answers: 'n' }), {
    code: 1,
    out: '',
    err: /^1 lead of this number\.\nErase all its personal data\? This cannot be undone\. \[y\/N\] Nothing was done\.\n$/,
  });
  t.match(await type('leads erase --phone +14045551212'), { code: 2, out: '', err: /add --yes/ });
  t.match(await type('leads erase --phone 404-555-1212 --country US --suppress --yes'), {
    code: 0,
    out: '1 lead erased; the number is suppressed.\n',
  });
  t.match(await type('leads list --phone +14045551212'), { err: 'No lead matches.\n' });
  t.match(await type('leads erase --yes'), { code: 2, err: /^Give the number as the argument or with --phone/ });
});

t.test('numbers are suppressed and released again', async (t) => {
  const { type } = terminalOver(t);
  t.match(await type(['suppress', 'add', '+1 404 555 1212']), { code: 0, out: 'Suppressed.\n' });
  t.match(await type('suppress add +14045551212'), { code: 0, out: 'It was already suppressed.\n' });
  t.match(await type('suppress list'), { out: /^HASH +SINCE\n[0-9a-f]{32} +2026-11-24T12:00:00\.000Z\n$/ });
  t.match(await type('suppress remove +14045551212 --json'), { code: 0, out: '{"suppressed":false,"changed":true}\n' });
  t.match(await type('suppress remove +14045551212'), { code: 3, err: 'It was not on the list.\n' });
  t.match(await type('suppress add 4045551212'), { code: 2, err: /^phone: write the number with its country code/ });
  t.match(await type('suppress add +1 404 555 1212'), { code: 2, err: /in quotes/ });
});
