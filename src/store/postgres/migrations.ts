import { ENTRIES_MIGRATION } from './entries-migration.ts';
import { FIRST_MIGRATION, type Migration } from './first-migration.ts';
import { RHYTHMS_MIGRATION } from './rhythms-migration.ts';
import { SUPPRESSIONS_MIGRATION } from './suppressions-migration.ts';
import { TEST_LEADS_MIGRATION } from './test-leads-migration.ts';

export type { Migration };

/** The schema version of the oldest program that can open bound values (`store/vault.ts`); 0 if none of these steps says so. */
export function oldestReaderOfBound(migrations: readonly Migration[]): number {
  return migrations.findIndex(({ reads }) => reads === 'bound') + 1;
}

/**
 * Applied in order and never changed once released. Times are milliseconds since the epoch.
 *
 * `next_at`, `tries`, `unknowns`, `may_have_arrived`, `attempts` and `personal` mean what they mean in `sqlite/migrations.ts`, and
 * one index serves due conversations and leases that run out. `taken_over`: the lease before the present one ran out, so the lead
 * may have been sent.
 *
 * `lead_keys` holds what an erasure has to destroy: the wrapped key of each lead and the hash of its number. It is small, so an
 * erasure can write it anew (`privacy.ts`). `leads` holds ciphertext that cannot be read without that key.
 */
export const MIGRATIONS: readonly Migration[] = [
  FIRST_MIGRATION,
  {
    oldestReader: 1,
    script: 'ALTER TABLE conversations ADD COLUMN may_have_arrived boolean NOT NULL DEFAULT false',
  },
  // A keyed hash of a constant, which differs for another HASH_KEY.
  { oldestReader: 1, script: 'ALTER TABLE gateway_schema ADD COLUMN hash_check bytea' },
  // JSON: the targets for which the account's credentials were accepted (`store/settle.ts`).
  { oldestReader: 1, script: 'ALTER TABLE providers ADD COLUMN proof text' },
  // Messages to receivers outside, and what operators were told; see `sqlite/migrations.ts`.
  {
    oldestReader: 1,
    script: `
      CREATE TABLE outgoing (
        seq         bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id          text    NOT NULL UNIQUE,
        destination text    NOT NULL,
        ordering    text,
        body        text    NOT NULL,
        attempts    integer NOT NULL DEFAULT 0,
        created_at  bigint  NOT NULL,
        expires_at  bigint  NOT NULL,
        next_at     bigint  NOT NULL,
        lease_owner text,
        fence       integer NOT NULL DEFAULT 0
      );
      CREATE INDEX outgoing_due ON outgoing (destination, next_at);
      CREATE INDEX outgoing_order ON outgoing (destination, ordering, seq) WHERE ordering IS NOT NULL;
      CREATE INDEX outgoing_expiry ON outgoing (expires_at);

      CREATE TABLE outgoing_results (
        destination  text PRIMARY KEY,
        delivered_at bigint,
        failed_at    bigint,
        failure      text
      );

      CREATE TABLE told (
        condition text   NOT NULL,
        target    text   NOT NULL,
        since     bigint NOT NULL,
        told_at   bigint NOT NULL,
        PRIMARY KEY (condition, target)
      );

      CREATE TABLE reported (
        condition text   NOT NULL,
        reporter  text   NOT NULL,
        since     bigint NOT NULL,
        seen_at   bigint NOT NULL,
        PRIMARY KEY (condition, reporter)
      )`,
  },
  // `consent`, `message` and `tallies` mean what they mean in `sqlite/migrations.ts`. Each connection counts in rows of its own
  // (`slot` is its process of the server), so that transactions do not wait for each other's counts; retention adds the rows of
  // ended connections up under slot 0. Triggers count what older releases write, too. Between the lock and the commit no
  // conversation changes: 0.3 s with a million of them.
  {
    oldestReader: 1,
    script: `
      LOCK TABLE conversations IN SHARE ROW EXCLUSIVE MODE;
      ALTER TABLE conversations ADD COLUMN consent boolean, ADD COLUMN message bigint NOT NULL DEFAULT 0;
      CREATE TABLE messages (
        id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        provider text   NOT NULL,
        key      bytea  NOT NULL,
        numbers  bytea,
        text     text,
        UNIQUE (provider, key)
      );
      CREATE TABLE tallies (
        slot     integer NOT NULL,
        provider text    NOT NULL,
        status   text    NOT NULL,
        cause    text    NOT NULL,
        message  bigint  NOT NULL,
        site     text    NOT NULL,
        n        bigint  NOT NULL,
        PRIMARY KEY (slot, provider, status, cause, message, site)
      ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
      INSERT INTO tallies
        SELECT 0, provider, status, coalesce(cause, ''), message, site, count(*) FROM conversations GROUP BY 1, 2, 3, 4, 5, 6;

      CREATE FUNCTION count_added() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO tallies
          SELECT pg_backend_pid(), provider, status, coalesce(cause, ''), message, site, count(*) FROM added
          GROUP BY 1, 2, 3, 4, 5, 6
          ON CONFLICT (slot, provider, status, cause, message, site) DO UPDATE SET n = tallies.n + excluded.n;
        RETURN NULL;
      END $$;
      CREATE TRIGGER count_added AFTER INSERT ON conversations REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION count_added();

      CREATE FUNCTION count_changed() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO tallies
          SELECT pg_backend_pid(), provider, status, coalesce(cause, ''), message, site, sum(n) FROM (
            SELECT provider, status, cause, message, site, 1 AS n FROM added
            UNION ALL SELECT provider, status, cause, message, site, -1 FROM removed
          ) AS changes
          GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(n) <> 0
          ON CONFLICT (slot, provider, status, cause, message, site) DO UPDATE SET n = tallies.n + excluded.n;
        RETURN NULL;
      END $$;
      CREATE TRIGGER count_changed AFTER UPDATE ON conversations REFERENCING OLD TABLE AS removed NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION count_changed()`,
  },
  { oldestReader: 1, script: 'CREATE INDEX conversations_site ON conversations (site, seq)' },
  {
    oldestReader: 1,
    script: `
      DROP INDEX conversations_waiting;
      DROP INDEX conversations_queued;
      CREATE INDEX conversations_cause ON conversations (cause, seq) WHERE cause IS NOT NULL;
      CREATE INDEX conversations_waiting ON conversations (status, seq) WHERE status IN ('held', 'unknown', 'parked');
      CREATE INDEX conversations_parked ON conversations (provider, updated_at) WHERE status = 'parked' AND cause = 'provider';
      CREATE INDEX conversations_oldest ON conversations (provider, status, cause, message, created_at)
        WHERE status IN ('held', 'unknown', 'parked') OR (status = 'queued' AND (attempts > 0 OR lease_owner IS NULL));
      CREATE INDEX conversations_consent ON conversations (seq) WHERE personal AND consent IS NOT FALSE;
      CREATE INDEX counters_phone ON counters (phone_hash) WHERE phone_hash IS NOT NULL`,
  },
  // What each process did in each minute, and how it last described itself (JSON).
  {
    oldestReader: 1,
    script: `
      CREATE TABLE activity (
        minute bigint NOT NULL,
        kind   text   NOT NULL,
        owner  text   NOT NULL,
        n      bigint NOT NULL,
        PRIMARY KEY (minute, kind, owner)
      );
      CREATE TABLE replicas (
        owner   text   NOT NULL PRIMARY KEY,
        seen_at bigint NOT NULL,
        state   text   NOT NULL
      )`,
  },
  // Whether new values are sealed bound to their place, which releases before this step cannot read.
  {
    oldestReader: 1,
    script: 'ALTER TABLE gateway_schema ADD COLUMN bound boolean NOT NULL DEFAULT false',
    reads: 'bound',
  },
  // Callbacks; see `sqlite/migrations.ts`. The triggers run once for each statement and end at once if there is no subscriber.
  {
    oldestReader: 1,
    script: `
      CREATE TABLE subscribers (
        destination text PRIMARY KEY,
        partner     text,
        site        text
      );
      CREATE FUNCTION callback_time(ms bigint) RETURNS text LANGUAGE sql STABLE AS $$
        SELECT to_char(to_timestamp(ms / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      $$;
      CREATE FUNCTION store_callbacks(seqs bigint[], erased boolean) RETURNS void LANGUAGE sql AS $$
        INSERT INTO outgoing (id, destination, ordering, body, created_at, expires_at, next_at)
        SELECT 'msg_' || replace(gen_random_uuid()::text, '-', ''), destination, c.id,
          json_strip_nulls(json_build_object(
            'type', 'conversation.' || CASE WHEN erased THEN 'erased' WHEN status = 'queued' THEN 'released' ELSE status END,
            'timestamp', callback_time(updated_at),
            'data', json_build_object('id', c.id, 'status', status, 'reason', reason, 'attempts', attempts,
              'createdAt', callback_time(created_at), 'updatedAt', callback_time(updated_at))))::text,
          updated_at, updated_at + 259200000, updated_at
        FROM conversations AS c JOIN subscribers AS s ON s.partner = c.partner OR s.site = c.site
        WHERE c.seq = ANY (seqs) ORDER BY c.seq
      $$;
      CREATE FUNCTION callback_added() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (SELECT FROM subscribers) THEN
          PERFORM store_callbacks((SELECT array_agg(seq) FROM added WHERE status <> 'queued'), false);
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER callback_added AFTER INSERT ON conversations REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION callback_added();
      CREATE FUNCTION callback_changed() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (SELECT FROM subscribers) THEN
          PERFORM store_callbacks((
            SELECT array_agg(seq) FROM added JOIN removed USING (seq)
            WHERE added.status <> removed.status AND added.cause IS DISTINCT FROM 'erased'), false);
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER callback_changed AFTER UPDATE ON conversations REFERENCING OLD TABLE AS removed NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION callback_changed()`,
  },
  // When a lead was last added to the group: one without leads is removed a day later.
  { oldestReader: 1, script: 'ALTER TABLE messages ADD COLUMN used_at bigint NOT NULL DEFAULT 0' },
  // A partner's own id of a lead; see `sqlite/migrations.ts`.
  {
    oldestReader: 1,
    script: `
      ALTER TABLE conversations ADD COLUMN reference_hash integer;
      CREATE INDEX conversations_partner ON conversations (partner, status, created_at, seq) WHERE partner IS NOT NULL;
      CREATE INDEX conversations_reference ON conversations (partner, reference_hash, status, created_at, seq)
        WHERE reference_hash IS NOT NULL;
      CREATE TABLE lead_references (
        seq           bigint PRIMARY KEY,
        reference     text   NOT NULL,
        suppressed_at bigint
      );
      CREATE INDEX lead_references_suppressed ON lead_references (suppressed_at) WHERE suppressed_at IS NOT NULL;
      CREATE OR REPLACE FUNCTION store_callbacks(seqs bigint[], erased boolean) RETURNS void LANGUAGE sql AS $$
        INSERT INTO outgoing (id, destination, ordering, body, created_at, expires_at, next_at)
        SELECT 'msg_' || replace(gen_random_uuid()::text, '-', ''), destination, c.id,
          json_strip_nulls(json_build_object(
            'type', 'conversation.' || CASE WHEN erased THEN 'erased' WHEN status = 'queued' THEN 'released' ELSE status END,
            'timestamp', callback_time(updated_at),
            'data', json_build_object('id', c.id, 'reference', reference, 'status', status, 'reason', reason, 'attempts', attempts,
              'createdAt', callback_time(created_at), 'updatedAt', callback_time(updated_at))))::text,
          updated_at, updated_at + 259200000, updated_at
        FROM conversations AS c JOIN subscribers AS s ON s.partner = c.partner OR s.site = c.site
          LEFT JOIN lead_references AS r ON r.seq = c.seq
        WHERE c.seq = ANY (seqs) ORDER BY c.seq
      $$;
      CREATE OR REPLACE FUNCTION callback_added() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (SELECT FROM subscribers) THEN
          PERFORM store_callbacks((
            SELECT array_agg(seq) FROM added WHERE status <> 'queued' AND reference_hash IS NULL), false);
        END IF;
        RETURN NULL;
      END $$;
      CREATE FUNCTION callback_referenced() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF EXISTS (SELECT FROM subscribers) THEN
          PERFORM store_callbacks((
            SELECT array_agg(seq) FROM added JOIN conversations USING (seq) WHERE status <> 'queued'), false);
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER callback_referenced AFTER INSERT ON lead_references REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION callback_referenced()`,
  },
  // The history of leads; see `sqlite/migrations.ts`. The attempts of a lead go with its key, whichever release removes that.
  {
    oldestReader: 1,
    script: `
      CREATE TABLE attempts (
        place       bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        seq         bigint  NOT NULL REFERENCES lead_keys (seq) ON DELETE CASCADE,
        number      integer NOT NULL,
        at          bigint  NOT NULL,
        outcome     text    NOT NULL,
        cause       text,
        http_status integer,
        duration_ms integer,
        due_at      bigint,
        description bytea
      );
      CREATE INDEX attempts_lead ON attempts (seq, number);
      CREATE TABLE audited (
        seq   bigint NOT NULL,
        audit bigint NOT NULL,
        PRIMARY KEY (seq, audit)
      )`,
  },
  ENTRIES_MIGRATION,
  TEST_LEADS_MIGRATION,
  RHYTHMS_MIGRATION,
  SUPPRESSIONS_MIGRATION,
];
