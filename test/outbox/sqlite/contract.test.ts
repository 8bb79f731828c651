import { join } from 'node:path';
import t from 'tap';
import { createSqliteOutbox } from '../../../src/outbox/sqlite/outbox.ts';
import { outboxContract } from '../../contract/outbox.ts';

outboxContract(t, async (t) => {
  const path = join(t.testdir(), 'gateway.db');
  return async () => createSqliteOutbox({ path, leaseMs: 60_000 });
});
