import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
/** By its path: version 5, which the generators need, has a program of the same name. */
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');

const COMPILER = {
  strict: true,
  noEmit: true,
  target: 'es2024',
  lib: ['es2024', 'dom', 'dom.iterable'],
  module: 'esnext',
  moduleResolution: 'bundler',
  allowImportingTsExtensions: true,
  types: [],
};

/** How a partner uses each client. A line below `@ts-expect-error` that compiled would be an error. */
const USE = `
import type { paths } from './schema.ts';
import { listConversations, readReconciliation, startConversation } from './hey-api/index.ts';
import * as orval from './orval.ts';

type Send = paths['/conversations']['post'];
type Body = Send['requestBody']['content']['application/json'];
type Answer = Send['responses'][201]['content']['application/json'];
type Refused = Send['responses'][422]['content']['application/problem+json'];
export const body: Body = { site: 'demo', consumer: { phone: '1' }, listing: { year: 2019, make: 'Honda' } };
// @ts-expect-error
export const misspelt: Body = { site: 'demo', consumer: { phones: '1' } };
// @ts-expect-error
export const missing: Body = { site: 'demo' };
export const isFinal = ({ status }: Answer): boolean => status === 'delivered' || status === 'rejected';
// @ts-expect-error
export const wrong = ({ status }: Answer): boolean => status === 'sent';
export const wrongFields = ({ code, errors = [] }: Refused): string[] =>
  code === 'invalid_phone' ? errors.map(({ pointer }) => pointer) : [];
// @ts-expect-error
export const query: paths['/conversations']['get']['parameters']['query'] = { status: 'sent' };

export async function useHeyApi(): Promise<string | undefined> {
  const { data, error } = await startConversation({ body, headers: { 'Idempotency-Key': 'key-1' } });
  if (error) return error.code;
  // @ts-expect-error
  await startConversation({ body: { site: 'demo', consumer: {} } });
  // @ts-expect-error
  await listConversations({ query: { status: 'sent' } });
  await readReconciliation({ path: { date: '2026-11-28' }, query: { format: 'csv' } });
  // @ts-expect-error
  await readReconciliation({ path: {} });
  return data?.status;
}

export async function useOrval(): Promise<string | undefined> {
  const answer = await orval.startConversation(body);
  // @ts-expect-error
  await orval.startConversation({ site: 'demo', consumer: { phone: 1 } });
  // @ts-expect-error
  await orval.listConversations({ limit: 'all' });
  if (answer.status === 201 || answer.status === 202) return answer.data.id;
  return answer.data.code;
}
`;

t.test('typed clients of three generators compile, and refuse what the contract does not have', async (t) => {
  const folder = t.testdir();
  await run(process.execPath, ['test/support/http/generate-clients.ts', folder], { cwd: ROOT });
  writeFileSync(join(folder, 'use.ts'), USE);
  const project = join(folder, 'tsconfig.json');
  writeFileSync(project, JSON.stringify({ compilerOptions: COMPILER, include: ['./**/*.ts'] }));
  const compile = () =>
    run(process.execPath, [TSC, '-p', project]).then(
      () => '',
      ({ stdout }: { stdout: string }) => stdout,
    );
  t.equal(await compile(), '');
});
