import { join } from 'node:path';
import t, { type Test } from 'tap';
import { gateway } from '../support/cli/process.ts';
import { soundFile } from '../support/config/load.ts';

/** Runs `classify` under a file whose site and account have patterns. */
function commandOver(t: Test) {
  const file = soundFile();
  Object.assign(file.sites.motors, { failurePatterns: { 'handset is off': { class: 'rejected', reason: 'phone' } } });
  Object.assign(file.providers.main, { failurePatterns: { 'is off': 'not_sent', 'maybe done': 'unknown' } });
  const lead = {
    site: 'motors',
    consumer: { phone: '(404) 555-1212', question: 'Why does it say the handset is off?' },
  };
  const folder = t.testdir({ 'config.json': JSON.stringify(file), 'lead.json': JSON.stringify(lead) });
  const env = { CONFIG_FILE: join(folder, 'config.json'), NODE_ENV: 'development' };
  return {
    lead: join(folder, 'lead.json'),
    classify: (args: readonly string[], input = '') => gateway(['classify', ...args], env, input),
    async explain(...args: string[]) {
      const { code, out, err } = await gateway(['classify', '--json', ...args], env);
      t.equal(code, 0, err);
      return JSON.parse(out);
    },
  };
}

t.test('the rule that would decide is shown, with its pattern and what the lead becomes', async (t) => {
  const { classify } = commandOver(t);
  t.match(await classify(['The HANDSET is off.']), {
    code: 0,
    err: '',
    out:
      'rule      failurePatterns of the site motors\n' +
      'pattern   handset is off\n' +
      'class     rejected\n' +
      'reason    phone\n' +
      'lead      rejected\n' +
      'compared  the handset is off\n',
  });
});

t.test('site, account, built-in rules and HTTP status are told apart', async (t) => {
  const { explain } = commandOver(t);
  t.match(await explain('Server is off', '--site', 'motors'), {
    rule: 'failurePatterns of the account main',
    pattern: 'is off',
    class: 'not_sent',
    lead: 'queued, and sent again by the retry schedule',
  });
  t.match(await explain('Invalid phone number'), { rule: 'built-in', class: 'rejected', reason: 'phone' });
  t.match(await explain('Try another day'), { rule: 'built-in', class: 'refused', lead: 'parked, this lead alone' });
  t.match(await explain('Maybe done'), { class: 'unknown', lead: /sent again at most UNKNOWN_RESEND_MAX times/ });
  t.strictSame(await explain('Handset is off', '--http-status', '403'), {
    rule: 'HTTP status 403',
    class: 'refused',
    lead: 'parked, this lead alone',
    compared: 'handset is off',
  });
});

t.test('the values of a given lead are removed from the description first', async (t) => {
  const { explain, lead } = commandOver(t);
  const description = 'Not routed: "Why does it say the handset is off?"';
  t.match(await explain(description), { pattern: 'handset is off' });
  t.match(await explain(description, '--lead', lead), { rule: 'built-in', class: 'refused', compared: 'not routed ·' });
});

t.test('a description may come from standard input, and must not be empty', async (t) => {
  const { classify } = commandOver(t);
  t.match(await classify(['-'], 'Handset is off\n'), { code: 0, out: /handset is off/ });
  t.match(await classify([' ']), { code: 2, err: /The description is empty/ });
  t.match(await classify(['x', '--http-status', '100']), { code: 2, err: /from 200 to 599/ });
  t.match(await classify(['x', '--site', 'moters']), { code: 1, err: /\/site is not configured; use one of: motors/ });
});
