import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import t from 'tap';
import { createSqliteOutbox } from '../../../src/store/sqlite/outbox.ts';
import { leased, OPTIONS, queued } from '../../support/outbox.ts';

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

t.test('no statement for a delivered lead opens a table in memory', async (t) => {
  const statements = await explained(async () => {
    const cap = { kind: 'phone', key: Buffer.alloc(16), max: 5 } as const;
    const lease = await leased(outbox, 1_000, { caps: [cap] });
    await outbox.settle(lease, { status: 'delivered', attempted: true, credentials: 'accepted' }, 2_000);
  }, 'EXPLAIN');
  t.ok(statements.length >= 6, `${statements.length} statements were run`);
  for (const { sql, steps } of statements)
    t.notOk(
      steps.some(({ opcode }) => opcode === 'OpenEphemeral'),
      sql,
    );
});

t.test('every query of the worker uses an index', async (t) => {
  await queued(outbox, 1_000);
  const statements = await explained(async () => {
    await outbox.claim({ providers: ['default'], limit: 1, now: 500 });
    await outbox.claim({ providers: ['default'], limit: 1, now: 500, probing: true });
    await outbox.claimProbe('default', 2_000);
    await outbox.nextDue(['default']);
    await outbox.providersWithWork();
    await outbox.parkQueued('other', 10, 2_000);
    await outbox.releaseWaiting('default', 10, 2_000);
    await outbox.expire(0, 10);
    await outbox.openCounts();
  }, 'EXPLAIN QUERY PLAN');
  t.ok(statements.length >= 9, `${statements.length} statements were run`);
  for (const { sql, steps } of statements) {
    t.notOk(
      steps.some(({ detail }) => /^SCAN (?:conversations|leads)(?! USING)/.test(String(detail))),
      sql,
    );
  }
});
