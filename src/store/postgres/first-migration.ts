/**
 * One step of the schema.
 * - `oldestReader`: the schema version of the oldest program that still works on the database after this step. A step that only
 *   adds keeps it. A step that removes something raises it, in a release after the last one that used it (docs/adr/0011)
 */
export type Migration = {
  readonly script: string;
  readonly oldestReader: number;
  /** Programs that know this step, and later ones, can open what is sealed in this format. */
  readonly reads?: 'bound';
};

/** The first schema version (`migrations.ts`), which is never changed. */
export const FIRST_MIGRATION: Migration = {
  oldestReader: 1,
  script: `
      CREATE TABLE conversations (
        seq         bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id          text    NOT NULL UNIQUE,
        site        text    NOT NULL,
        partner     text,
        provider    text    NOT NULL,
        status      text    NOT NULL CHECK (status IN ('queued', 'delivered', 'rejected', 'held', 'unknown', 'parked')),
        reason      text    CHECK (reason IN ('phone', 'target', 'other')),
        cause       text,
        attempts    integer NOT NULL DEFAULT 0,
        tries       integer NOT NULL DEFAULT 0,
        unknowns    integer NOT NULL DEFAULT 0,
        created_at  bigint  NOT NULL,
        updated_at  bigint  NOT NULL,
        next_at     bigint,
        lease_owner text,
        fence       integer NOT NULL DEFAULT 0,
        taken_over  boolean NOT NULL DEFAULT false,
        personal    boolean NOT NULL DEFAULT true,
        CHECK ((next_at IS NOT NULL) = (status = 'queued' OR lease_owner IS NOT NULL))
      ) WITH (autovacuum_vacuum_scale_factor = 0.02);
      CREATE INDEX conversations_due ON conversations (provider, next_at) WHERE next_at IS NOT NULL;
      CREATE INDEX conversations_waiting ON conversations (status, provider, cause)
        WHERE status IN ('held', 'unknown', 'parked');
      CREATE INDEX conversations_queued ON conversations (created_at) WHERE status = 'queued';
      CREATE INDEX conversations_retention ON conversations (updated_at)
        WHERE status IN ('delivered', 'rejected') AND personal;

      CREATE TABLE leads (
        seq  bigint PRIMARY KEY,
        lead bytea  NOT NULL
      );
      -- Ciphertext does not compress.
      ALTER TABLE leads ALTER COLUMN lead SET STORAGE EXTERNAL;

      CREATE TABLE lead_keys (
        seq        bigint PRIMARY KEY,
        phone_hash bytea  NOT NULL,
        lead_key   bytea
      );
      CREATE INDEX lead_keys_phone ON lead_keys (phone_hash);

      CREATE TABLE descriptions (
        seq         bigint PRIMARY KEY,
        description bytea  NOT NULL
      );

      CREATE TABLE requests (
        key             bytea  PRIMARY KEY,
        fingerprint     bytea  NOT NULL,
        conversation_id text   NOT NULL,
        expires_at      bigint NOT NULL,
        phone_hash      bytea  NOT NULL
      );
      CREATE INDEX requests_expiry ON requests (expires_at);
      CREATE INDEX requests_phone ON requests (phone_hash);

      CREATE TABLE counters (
        day        integer NOT NULL,
        key        bytea   NOT NULL,
        n          integer NOT NULL,
        phone_hash bytea,
        PRIMARY KEY (day, key)
      );

      CREATE TABLE uses (
        key        bytea  PRIMARY KEY,
        expires_at bigint NOT NULL
      );
      CREATE INDEX uses_expiry ON uses (expires_at);

      CREATE TABLE suppressions (
        phone_hash bytea  PRIMARY KEY,
        created_at bigint NOT NULL
      );

      CREATE TABLE providers (
        id          text PRIMARY KEY,
        streak      text NOT NULL DEFAULT '[]',
        parked_at   bigint,
        probe_at    bigint,
        credentials text
      );

      CREATE TABLE audit (
        seq    bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at     bigint  NOT NULL,
        actor  text    NOT NULL,
        action text    NOT NULL,
        count  integer NOT NULL,
        detail text    NOT NULL
      );

      -- How many removals there were, how many of them are scrubbed, and whether one was of a lead without encryption.
      CREATE TABLE residue (
        removed  bigint  NOT NULL,
        scrubbed bigint  NOT NULL,
        plain    boolean NOT NULL
      );
      INSERT INTO residue VALUES (0, 0, false)`,
};
