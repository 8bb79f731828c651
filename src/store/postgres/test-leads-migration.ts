import type { Migration } from './first-migration.ts';

/** Test leads; see `sqlite/test-leads-migration.ts`. An earlier release works on, and cannot send them. */
export const TEST_LEADS_MIGRATION: Migration = {
  oldestReader: 1,
  script: `
      CREATE INDEX conversations_partner_test ON conversations (partner, status, created_at, seq)
        WHERE partner IS NOT NULL AND substr(provider, 1, 5) = 'test:';
      CREATE OR REPLACE FUNCTION store_callbacks(seqs bigint[], erased boolean) RETURNS void LANGUAGE sql AS $$
        INSERT INTO outgoing (id, destination, ordering, body, created_at, expires_at, next_at)
        SELECT 'msg_' || replace(gen_random_uuid()::text, '-', ''), destination, c.id,
          json_strip_nulls(json_build_object(
            'type', 'conversation.' || CASE WHEN erased THEN 'erased' WHEN status = 'queued' THEN 'released' ELSE status END,
            'timestamp', callback_time(updated_at),
            'data', json_build_object('id', c.id, 'test', CASE WHEN substr(provider, 1, 5) = 'test:' THEN true END,
              'reference', reference, 'status', status, 'reason', reason, 'attempts', attempts,
              'createdAt', callback_time(created_at), 'updatedAt', callback_time(updated_at))))::text,
          updated_at, updated_at + 259200000, updated_at
        FROM conversations AS c JOIN subscribers AS s ON s.partner = c.partner OR s.site = c.site
          LEFT JOIN lead_references AS r ON r.seq = c.seq
        WHERE c.seq = ANY (seqs) ORDER BY c.seq
      $$`,
};
