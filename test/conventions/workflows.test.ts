import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { parse } from 'yaml';

type Workflow = {
  permissions?: unknown;
  jobs: Record<string, { 'timeout-minutes'?: number; steps: { uses?: string; run?: string }[] }>;
};

const FOLDER = path.join(import.meta.dirname, '../../.github/workflows');
const PACKAGE = JSON.parse(readFileSync(path.join(FOLDER, '../../package.json'), 'utf8'));

for (const file of globSync('*.yml', { cwd: FOLDER })) {
  const text = readFileSync(path.join(FOLDER, file), 'utf8');
  const { permissions, jobs }: Workflow = parse(text);

  t.test(`${file} reads the repository by default; a job states what more it needs, and ends by itself`, async (t) => {
    t.strictSame(permissions, { contents: 'read' });
    for (const [name, job] of Object.entries(jobs)) t.type(job['timeout-minutes'], 'number', name);
  });

  t.test(`${file} pins every action by its full commit, with the release as a comment`, async (t) => {
    const used = [...text.matchAll(/^\s*(?:- )?uses: (.+)$/gm)].map(([, action]) => action);
    t.ok(used.length > 0);
    for (const action of used) t.match(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  t.test(`${file} runs only npm scripts that exist`, async (t) => {
    const commands = Object.values(jobs).flatMap(({ steps }) => steps.map(({ run = '' }) => run));
    for (const [, script = ''] of commands.join('\n').matchAll(/npm run (?:-s )?([\w:-]+)/g)) {
      t.ok(script in PACKAGE.scripts, script);
    }
  });
}
