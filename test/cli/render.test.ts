import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { nodeCommand } from '../support/node-command.ts';

const RENDER = fileURLToPath(new URL('../../src/cli/render.ts', import.meta.url));
const LEAD = JSON.stringify({ advertiserId: '1659', consumer: { phone: '(404) 555-1212' } });

/** Runs the command as a person would, with nothing of this process's environment. */
function run(args: readonly string[], { input = '', env = {} }: { input?: string; env?: NodeJS.ProcessEnv } = {}) {
  const { status, stdout, stderr } = spawnSync(...nodeCommand(RENDER, ...args), { input, env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

t.test('the document of a file is printed under the settings of the environment', async (t) => {
  const directory = t.testdir({ 'lead.json': LEAD });
  const env = { UPSTREAM_XML_ROOT: 'Start', UPSTREAM_XML_ORDER: 'alphabetical' };
  t.match(run([join(directory, 'lead.json')], { env }), {
    status: 0,
    stderr: '',
    stdout: /^<\?xml version="1.0" encoding="utf-8"\?><Start><AdvertiserId>1659<.*<Password>\*{8}<.*<\/Start>\n$/,
  });
});

t.test('a lead that would not be taken is explained and exits 1', async (t) => {
  t.match(run(['-'], { input: '{}' }), { status: 1, stdout: '', stderr: /the body must have required property/ });
});

t.test('every mistake in the configuration is listed, and it exits 1', async (t) => {
  const env = { UPSTREAM_XML_ORDER: 'reverse', PORT: 'http' };
  t.match(run(['-'], { input: LEAD, env }), { status: 1, stdout: '', stderr: /PORT .*UPSTREAM_XML_ORDER /s });
});

t.test('a wrong command says how it is used and exits 2', async (t) => {
  t.match(run([]), { status: 2, stdout: '', stderr: /npm run render -- --help/ });
  t.match(run(['--colour', 'x']), { status: 2, stdout: '', stderr: /npm run render -- --help/ });
  t.match(run([join(t.testdir(), 'none.json')]), { status: 2, stderr: /none\.json cannot be read \(ENOENT\)/ });
});

t.test('--help explains the command', async (t) => {
  t.match(run(['--help']), { status: 0, stderr: '', stdout: /npm run render -- lead\.json/ });
});
