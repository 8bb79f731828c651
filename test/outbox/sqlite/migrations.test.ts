import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t from 'tap';
import { APPLICATION_ID, migrate } from '../../../src/outbox/sqlite/open.ts';
import { createSqliteOutbox } from '../../../src/outbox/sqlite/outbox.ts';
import { createVault } from '../../../src/outbox/vault.ts';
import { lead } from '../../support/lead.ts';
import { dataKey, hashing, OPTIONS } from '../../support/outbox.ts';

t.test('leads of an earlier schema are found, claimed and erased under this one', async (t) => {
  const path = join(t.testdir(), 'gateway.db');
  const content = lead();
  const phoneHash = hashing.phone(content.phone.e164);
  const { key, data } = createVault([dataKey]).seal(content);
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  migrate(database, 2);
  database.exec(`
    INSERT INTO conversations (id, site, provider, status, created_at, updated_at, next_at)
      VALUES ('cnv_due', 'demo', 'default', 'queued', 1000, 1000, 2000);
    INSERT INTO conversations (id, site, provider, status, attempts, created_at, updated_at)
      VALUES ('cnv_done', 'demo', 'default', 'delivered', 1, 1000, 1500)`);
  const keep = database.prepare('INSERT INTO leads (seq, phone_hash, lead_key, lead) VALUES (?, ?, ?, ?)');
  for (const seq of [1, 2]) keep.run(seq, phoneHash, key, data);
  database.close();

  const outbox = createSqliteOutbox(path, OPTIONS);
  t.teardown(() => outbox.close());
  t.match(await outbox.find('cnv_done'), { status: 'delivered', attempts: 1, createdAt: 1_000 });
  t.equal(await outbox.count({ phoneHash }), 2);
  const claims = await outbox.claim({ providers: ['default'], limit: 10, now: 3_000 });
  t.match(claims, [{ lease: { id: 'cnv_due', fence: 1 }, lead: content }]);
  const audit = { at: 4_000, actor: 'ann', action: 'erase', count: 0, detail: '' } as const;
  t.equal(await outbox.erase(phoneHash, { now: 4_000, audit }), 2);
  t.equal(await outbox.count({ phoneHash }), 0);
});
