import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import t from 'tap';
import { createSqliteOutbox } from '../../../src/store/sqlite/outbox.ts';
import { everyOperation } from '../../support/every-operation.ts';
import { leased, OPTIONS } from '../../support/outbox.ts';

const ran = new Set<string>();
const { prepare } = DatabaseSync.prototype;

/** Every statement of the store that is run from now on is written down. */
function watchStatements(): void {
  DatabaseSync.prototype.prepare = function (sql: string): StatementSync {
    const statement = prepare.call(this, sql);
    for (const method of ['run', 'get', 'all'] as const) {
      const original = statement[method].bind(statement) as (...values: unknown[]) => never;
      statement[method] = (...values: unknown[]) => {
        ran.add(sql);
        return original(...values);
      };
    }
    return statement;
  };
}

watchStatements();
const path = join(t.testdir(), 'gateway.db');
const outbox = createSqliteOutbox(path, OPTIONS);
const reader = new DatabaseSync(path);
t.teardown(async () => {
  reader.close();
  await outbox.close();
});

/** The statements that `work` runs, with what the engine says of each under `explain`. */
async function explained(work: () => Promise<unknown>, explain: 'EXPLAIN' | 'EXPLAIN QUERY PLAN') {
  ran.clear();
  await work();
  const statements = [...ran].filter((sql) => !/^(?:BEGIN|COMMIT|PRAGMA)/.test(sql));
  return statements.map((sql) => ({ sql, steps: prepare.call(reader, `${explain} ${sql}`).all() }));
}

t.test(
  'no statement for a lead that the first call delivers opens a table in memory or concerns its history',
  async (t) => {
    const statements = await explained(async () => {
      const cap = { kind: 'phone', key: Buffer.alloc(16), max: 5 } as const;
      const lease = await leased(outbox, 1_000, { caps: [cap] });
      const facts = { outcome: 'delivered', durationMs: 90 } as const;
      await outbox.settle(lease, { status: 'delivered', attempted: true, credentials: 'accepted', facts }, 2_000);
    }, 'EXPLAIN');
    t.ok(statements.length >= 6, `${statements.length} statements were run`);
    for (const { sql, steps } of statements) {
      t.notOk(
        steps.some(({ opcode }) => opcode === 'OpenEphemeral'),
        sql,
      );
      t.notMatch(sql, /INTO attempts|UPDATE attempts/);
    }
  },
);

/** What may be looked through as a whole, and why. A step of another table is a statement that stops the event loop for long. */
const SMALL: Readonly<Record<string, string>> = {
  tallies: 'a few rows for each site',
  messages: '201 rows at most for each account',
  groups: 'rows of tallies',
  providers: 'a row for each account of the configuration file',
  suppressions: 'counted in an index of two bytes a number; the list is kept by operators',
  hash_check: 'one row',
  probe: 'one row',
  json_each: 'the values of a filter',
  shelves: 'the shelves of one slice',
  days: 'two or three days',
  days_1: 'two or three days',
  working: 'a row for each account',
  s: 'subscribers, a row for each receiver of callbacks in the configuration file',
  page: 'a page of one status of a partner',
  refused_origins: 'a thousand rows',
  CONSTANT: 'a single value',
};

t.test('no statement of the store looks through a table that grows with the leads', async (t) => {
  const statements = await explained(() => everyOperation(outbox), 'EXPLAIN QUERY PLAN');
  t.ok(statements.length > 80, `${statements.length} statements were run`);
  for (const { sql, steps } of statements) {
    const scanned = steps.flatMap(({ detail }) => /^SCAN (\w+)/.exec(String(detail))?.[1] ?? []);
    t.strictSame(
      scanned.filter((name) => !(name in SMALL)),
      [],
      sql,
    );
  }
});

/** Steps that sort; each sorts at most the rows that are named here. */
const SORTED: Readonly<Record<string, string>> = {
  'WHERE conversations.seq >= ? AND conversations.seq < ?': 'the matches of one slice',
  'ORDER BY unknowns, tries': 'a thousand rows',
  'UNION ALL': 'a page of each status',
  'FROM refused_origins': 'a thousand rows',
  'FROM tallies': 'a few rows for each site',
};

t.test('no statement of the store sorts leads, except those of a slice', async (t) => {
  const statements = await explained(() => everyOperation(outbox), 'EXPLAIN QUERY PLAN');
  for (const { sql, steps } of statements) {
    if (Object.keys(SORTED).some((part) => sql.includes(part))) continue;
    t.notOk(
      steps.some(({ detail }) => /^USE TEMP B-TREE/.test(String(detail))),
      sql,
    );
  }
});
