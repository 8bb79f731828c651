import { execFileSync } from 'node:child_process';
import t from 'tap';

const PROGRAM = `
  await import('./src/app/gateway.ts');
  const { createRequire } = await import('node:module');
  console.log(Object.keys(createRequire(import.meta.url).cache).join('\\n'));
  console.log(process.moduleLoadList.join('\\n'));
`;

t.test(
  'a gateway on SQLite without Redis and without an operators’ listener loads no driver, metrics or traces',
  async (t) => {
    const loaded = execFileSync(process.execPath, ['--input-type=module', '--eval', PROGRAM], { encoding: 'utf8' });
    t.match(loaded, /node_modules\/fastify\//);
    t.notMatch(loaded, /node_modules\/(ioredis|pg|prom-client|@opentelemetry)\//);
    t.match(loaded, /NativeModule http/);
    t.notMatch(loaded, /NativeModule internal\/deps\/undici/, 'Node’s own HTTP client takes 50 ms (`lib/http.ts`)');
  },
);
