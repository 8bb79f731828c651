import type { DatabaseSync } from 'node:sqlite';
import { lead } from '../../test/support/lead.ts';
import { hashing, OPTIONS } from '../../test/support/outbox.ts';

/** Schema versions of the first release, whose stores are updated. */
export const FIRST_RELEASE = { sqlite: 7, postgres: 4 } as const;

/** When the leads were stored, in milliseconds since the epoch, and how far they are apart: a million within 28 days. */
export const SINCE = Date.UTC(2026, 10, 1);
const EVERY_MS = 2_400;

/** Every so many leads are of this number. */
const ONE_IN = 10_000;
export const NUMBER = hashing.phone('+14045551212');

/** No lead has a consent. Each row is a copy of this one: sealing a million would take minutes. */
const { key, data } = OPTIONS.vault.seal(
  'any',
  lead({ question: 'Is the 2019 Civic still available? '.repeat(4) }),
  'former',
);

/** One of 50 leads is parked with its account, one of 100 for another cause, one of 100 waits for its retry. */
const STATUS = `CASE WHEN i % 50 = 1 THEN 'parked' WHEN i % 100 = 2 THEN 'parked' WHEN i % 100 = 3 THEN 'queued'
                     WHEN i % 20 = 4 THEN 'rejected' ELSE 'delivered' END`;
const CAUSE = "CASE WHEN i % 50 = 1 THEN 'provider' WHEN i % 100 = 2 THEN 'refused' END";
const NEXT_AT = `CASE WHEN i % 100 = 3 THEN ${SINCE} + i END`;
const COLUMNS = 'id, site, provider, status, cause, attempts, created_at, updated_at, next_at';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Fills a store of the first release: leads, and for each an idempotency record and two counters that are still kept. */
export function fillSqlite(database: DatabaseSync, leads: number): void {
  const numbers = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${leads})`;
  const hash = `CASE WHEN i % ${ONE_IN} = 0 THEN x'${hex(NUMBER)}' ELSE randomblob(16) END`;
  const at = `${SINCE} + i * ${EVERY_MS}`;
  database.exec(`
    BEGIN;
    ${numbers} INSERT INTO conversations (${COLUMNS})
      SELECT printf('cnv_%030d', i), 'site-' || (i % 40), 'account-' || (i % 4), ${STATUS}, ${CAUSE}, 1, ${at}, ${at}, ${NEXT_AT}
      FROM n;
    ${numbers} INSERT INTO leads (seq, phone_hash, lead_key, lead) SELECT i, ${hash}, x'${hex(key as Buffer)}', x'${hex(data)}' FROM n;
    INSERT INTO requests SELECT randomblob(16), randomblob(16), id, ${SINCE} + 4e9, phone_hash
      FROM conversations JOIN leads USING (seq);
    INSERT INTO counters SELECT ${Math.floor(SINCE / 86_400_000)}, randomblob(32), 1, phone_hash FROM leads;
    ${numbers} INSERT INTO counters SELECT 1, randomblob(16), 1, NULL FROM n;
    ${numbers} INSERT INTO uses SELECT randomblob(16), ${SINCE} + 4e9 FROM n WHERE i % 10 = 0;
    ${numbers} INSERT INTO suppressions SELECT randomblob(16), ${SINCE} FROM n WHERE i % 100 = 0;
    ${numbers} INSERT INTO descriptions (seq, description) SELECT i, randomblob(120) FROM n WHERE i % 20 = 4;
    COMMIT`);
}

/** As `fillSqlite`. */
export async function fillPostgres(query: (text: string) => Promise<unknown>, leads: number): Promise<void> {
  const numbers = `generate_series(1, ${leads}) AS n (i)`;
  const random = (name: string) => `decode(md5('${name}' || i), 'hex')`;
  const at = `${SINCE} + i::bigint * ${EVERY_MS}`;
  await query(`
    INSERT INTO conversations (${COLUMNS})
    SELECT 'cnv_' || lpad(i::text, 30, '0'), 'site-' || (i % 40), 'account-' || (i % 4), ${STATUS}, ${CAUSE}, 1, ${at}, ${at},
           ${NEXT_AT}
    FROM ${numbers}`);
  await query(`INSERT INTO leads (seq, lead) SELECT i, '\\x${hex(data)}' FROM ${numbers}`);
  await query(`
    INSERT INTO lead_keys (seq, phone_hash, lead_key)
    SELECT i, CASE WHEN i % ${ONE_IN} = 0 THEN '\\x${hex(NUMBER)}' ELSE ${random('phone')} END, '\\x${hex(key as Buffer)}'
    FROM ${numbers}`);
  await query(`
    INSERT INTO requests
    SELECT ${random('request')}, ${random('lead')}, id, ${SINCE} + 4000000000, phone_hash
    FROM ${numbers} JOIN conversations ON seq = i JOIN lead_keys USING (seq)`);
  await query(`
    INSERT INTO counters SELECT ${Math.floor(SINCE / 86_400_000)}, ${random('cap')}, 1, phone_hash
    FROM ${numbers} JOIN lead_keys ON seq = i`);
  await query(`INSERT INTO counters SELECT 1, ${random('old')}, 1, NULL FROM ${numbers}`);
  await query(`INSERT INTO suppressions SELECT ${random('s')}, ${SINCE} FROM ${numbers} WHERE i % 100 = 0`);
  await query(`INSERT INTO descriptions SELECT i, ${random('words')} FROM ${numbers} WHERE i % 20 = 4`);
  await query('ANALYZE');
}
