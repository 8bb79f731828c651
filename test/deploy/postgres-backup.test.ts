import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { createPostgresOutbox } from '../../src/store/postgres/outbox.ts';
import { createVault } from '../../src/store/vault.ts';
import { gateway } from '../support/cli/process.ts';
import { lead } from '../support/lead.ts';
import { leased, OPTIONS } from '../support/outbox.ts';
import { startServer, urlOf } from '../support/postgres-server.ts';

t.setTimeout(240_000);
const SCRIPT = join(import.meta.dirname, '../../deploy/postgres/backup.sh');
/** A server with its own client programs: the npm package of the other tests has none. */
const DUMP = globSync('/usr/lib/postgresql/*/bin/pg_dump').find((file) => existsSync(join(dirname(file), 'postgres')));
const missing = DUMP === undefined && 'no Postgres with pg_dump on this machine: apt-get install postgresql';

const keyOf = (name: string): Buffer => createHash('sha256').update(name).digest();
const KEY = keyOf('data');

const dump = (
  file: string,
  env: Readonly<Record<string, string>>,
): Promise<{ code: number; out: string; err: string }> =>
  new Promise((resolve) => {
    const path = `${dirname(String(DUMP))}:${dirname(process.execPath)}:${process.env.PATH}`;
    execFile(SCRIPT, [file], { env: { PATH: path, ...env } }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });

t.test(
  'a running database is dumped, restored into a scratch database and compared',
  { skip: missing },
  async (t: Test) => {
    const server = await startServer([], dirname(dirname(String(DUMP))));
    t.teardown(server.end);
    const [address, scratch, other] = [await server.database(), await server.database(), await server.database()];
    const outbox = await createPostgresOutbox(address, { ...OPTIONS, vault: createVault([KEY]), poolMax: 4 });
    t.teardown(() => outbox.close());
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.push((await leased(outbox, 1_000, { lead: lead({ firstName: 'Ann' }) })).id);
    const env = { DATABASE_URL: urlOf(address), SCRATCH_DATABASE_URL: urlOf(scratch) };
    const file = join(t.testdir(), 'gateway.dump');

    let stopped = false;
    const arriving = (async () => {
      while (!stopped) await leased(outbox, 1_000);
    })();
    const made = await dump(file, env);
    stopped = true;
    await arriving;
    t.match(made, {
      code: 0,
      out: /gateway\.dump is restored in the scratch database: \d+ leads, \d+ tables/,
      err: '',
    });
    t.equal(statSync(file).mode & 0o777, 0o600);
    t.notOk(existsSync(`${file}.partial`));

    const keys = { DATA_KEY: KEY.toString('base64'), HASH_KEY: keyOf('hash').toString('base64') };
    const restored = { ...keys, DATABASE_URL: urlOf(scratch) };
    const verified = await gateway(['backup', 'verify', '--json'], restored);
    t.strictSame([verified.code, verified.err], [0, '']);
    const { leads, sealed } = JSON.parse(verified.out);
    t.match([verified.code, made.out], [0, new RegExp(`: ${leads} leads`)]);
    t.match(sealed, { current: leads, unknown: 0 });
    t.match(await gateway(['leads', 'show', ids[0] ?? '', '--reveal'], restored), { code: 0, out: /firstName +Ann\n/ });
    const wrong = { ...restored, DATA_KEY: keyOf('another').toString('base64') };
    t.match(await gateway(['backup', 'verify'], wrong), { code: 1, err: /need a key that is in neither/ });

    t.match(await dump(file, env), { code: 1, err: /exists already; name a new file/ });
    t.match(await dump(`${file}2`, env), { code: 1, err: /the scratch database is not empty/ });
    const foreign = { DATABASE_URL: urlOf(other), SCRATCH_DATABASE_URL: urlOf(other) };
    t.match(await dump(`${file}2`, foreign), { code: 1, err: /names no database of the gateway/ });
    t.notOk(existsSync(`${file}2`) || existsSync(`${file}2.partial`));
  },
);
