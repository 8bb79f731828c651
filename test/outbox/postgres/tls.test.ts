import { chmodSync, chownSync, copyFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { createPostgresOutbox } from '../../../src/outbox/postgres/outbox.ts';
import { leased, OPTIONS } from '../../support/outbox.ts';
import { startPostgres } from '../../support/postgres.ts';

const FIXTURES = 'test/fixtures/tls';
const CERTIFICATE = resolve(`${FIXTURES}/first.test-cert.pem`);
const OTHER = resolve(`${FIXTURES}/second.test-cert.pem`);
const server = await startPostgres(['-c', 'listen_addresses=127.0.0.1,127.0.0.2']);
const address = await server.database();

const at = (host: string, tls?: { rootCertFile?: string }) =>
  createPostgresOutbox({ ...address, host, ...(tls && { tls }) }, { ...OPTIONS, poolMax: 2 });

t.before(async () => {
  const { uid, gid } = statSync(server.folder);
  for (const [file, name] of [
    ['first.test-cert.pem', 'server.crt'],
    ['first.test-key.pem', 'server.key'],
  ] as const) {
    const path = join(server.folder, name);
    copyFileSync(`${FIXTURES}/${file}`, path);
    chownSync(path, uid, gid);
    chmodSync(path, 0o600);
  }
});

t.test('a server without TLS is refused where TLS is asked for', async (t) => {
  await t.rejects(at('127.0.0.1', { rootCertFile: CERTIFICATE }), {
    name: 'UnusableDatabase',
    message: /does not support SSL/,
  });
});

t.test('a certificate of an authority that we trust is taken, and what goes through is encrypted', async (t) => {
  await server.query('ALTER SYSTEM SET ssl = on');
  await server.query('SELECT pg_reload_conf()');
  const outbox = await at('127.0.0.1', { rootCertFile: CERTIFICATE });
  t.teardown(() => outbox.close());
  await leased(outbox, 1_000);
  t.match(
    await server.query(
      "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'text-connect-gateway'",
    ),
    [{ ssl: true }],
  );
});

t.test('a certificate of nobody that we trust, or of another host, is refused', async (t) => {
  for (const [host, tls] of [
    ['127.0.0.1', {}],
    ['127.0.0.1', { rootCertFile: OTHER }],
    ['127.0.0.2', { rootCertFile: CERTIFICATE }],
  ] as const) {
    await t.rejects(at(host, tls), { name: 'UnusableDatabase', message: /certificate|altnames/ });
  }
});

t.test('a file of authorities that is gone refuses the start', async (t) => {
  await t.rejects(at('127.0.0.1', { rootCertFile: '/nowhere/ca.pem' }), {
    name: 'UnusableDatabase',
    message: /ENOENT/,
  });
});
