import pg from 'pg';
import t from 'tap';
import { createPool } from '../../../src/store/postgres/connection.ts';
import { createDatabase } from '../../../src/store/postgres/database.ts';
import { MIGRATIONS } from '../../../src/store/postgres/migrations.ts';
import { migrate } from '../../../src/store/postgres/open.ts';
import { createPostgresOutbox } from '../../../src/store/postgres/outbox.ts';
import { everyOperation } from '../../support/every-operation.ts';
import { lead } from '../../support/lead.ts';
import { OPTIONS } from '../../support/outbox.ts';
import { startPostgres } from '../../support/postgres.ts';

const server = await startPostgres();
const ran = new Set<string>();
const { query } = pg.Client.prototype;

/** Every statement that any connection runs from now on is written down. */
function watchStatements(): void {
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
    const [config] = args;
    const text = typeof config === 'string' ? config : (config as { text?: string }).text;
    if (text !== undefined) ran.add(text);
    return (query as (...values: unknown[]) => unknown).apply(this, args);
  } as typeof query;
}

/** What may be looked through as a whole, and why. */
const SMALL: Readonly<Record<string, string>> = {
  tallies: 'a few rows for each site and connection',
  messages: '201 rows at most for each account',
  providers: 'a row for each account of the configuration file',
  suppressions: 'counted and listed; the list is kept by operators',
  gateway_schema: 'one row',
  residue: 'one row',
  subscribers: 'a row for each receiver of callbacks in the configuration file',
};
const IS_QUERY = /^\s*(?:WITH|SELECT|INSERT|UPDATE|DELETE)/;

t.test('no statement of the store looks through a table that grows with the leads', async (t) => {
  const address = await server.database();
  const outbox = await createPostgresOutbox(address, { ...OPTIONS, poolMax: 4 });
  t.teardown(() => outbox.close());
  watchStatements();
  await everyOperation(outbox);
  pg.Client.prototype.query = query;
  const statements = [...ran].filter((text) => IS_QUERY.test(text));
  t.ok(statements.length > 60, `${statements.length} statements were run`);
  const reader = new pg.Client(address);
  await reader.connect();
  t.teardown(() => reader.end());
  // Without this the planner reads a small table as a whole, whatever indexes it has.
  await reader.query('SET enable_seqscan = off');
  for (const text of statements) {
    const { rows } = await reader.query(`EXPLAIN (GENERIC_PLAN) ${text}`);
    const steps = rows.map((row) => String(row['QUERY PLAN']));
    const scanned = steps.flatMap((step) => /Seq Scan on (\w+)/.exec(step)?.[1] ?? []);
    t.strictSame(
      scanned.filter((name) => !(name in SMALL)),
      [],
      text,
    );
  }
});

t.test('leads of an earlier release are counted, and their consents are noted', async (t) => {
  const address = await server.database();
  const database = createDatabase(createPool(address, 2));
  t.teardown(() => database.close());
  await migrate(database, MIGRATIONS.slice(0, 4));
  const content = lead({ consent: { version: '1' } });
  const { key, data } = OPTIONS.vault.seal('cnv_1', content, 'former');
  await database.write(`
    INSERT INTO conversations (id, site, provider, status, cause, created_at, updated_at)
    VALUES ('cnv_1', 'demo', 'default', 'parked', 'refused', 1000, 2000), ('cnv_2', 'demo', 'default', 'delivered', NULL, 1, 1)`);
  await database.write('INSERT INTO leads (seq, lead) VALUES (1, $1)', [data]);
  await database.write('INSERT INTO lead_keys (seq, phone_hash, lead_key) VALUES (1, $1, $2)', [Buffer.alloc(16), key]);
  const outbox = await createPostgresOutbox(address, { ...OPTIONS, poolMax: 2 });
  t.teardown(() => outbox.close());
  t.match((await outbox.stats()).byStatus, { parked: 1, delivered: 1, queued: 0 });
  t.equal(await outbox.countConsents({}), 1, 'each lead is read');
  t.equal(await outbox.flagConsents(), undefined);
  t.equal(await outbox.countConsents({}), 1, 'its consent is noted');
  t.match(await outbox.consents({}, { limit: 9 }), { items: [{ id: 'cnv_1', version: '1' }] });
});
