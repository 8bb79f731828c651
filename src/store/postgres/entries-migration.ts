import type { Migration } from './first-migration.ts';

/** Entries of the configuration; see `sqlite/entries-migration.ts`. */
export const ENTRIES_MIGRATION: Migration = {
  oldestReader: 1,
  script: `
      CREATE TABLE entries (
        seq     bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        kind    text    COLLATE "C" NOT NULL,
        key     text    COLLATE "C" NOT NULL,
        version integer NOT NULL,
        at      bigint  NOT NULL,
        actor   text    NOT NULL,
        title   text    NOT NULL,
        content text    NOT NULL,
        secrets bytea,
        UNIQUE (kind, key)
      );
      CREATE TABLE entry_versions (
        seq     bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        kind    text    COLLATE "C" NOT NULL,
        key     text    COLLATE "C" NOT NULL,
        version integer NOT NULL,
        at      bigint  NOT NULL,
        actor   text    NOT NULL,
        content text,
        origins text,
        UNIQUE (kind, key, version)
      );
      CREATE TABLE entry_origins (
        origin text COLLATE "C" NOT NULL,
        site   text COLLATE "C" NOT NULL,
        PRIMARY KEY (origin, site)
      );
      CREATE INDEX entry_origins_site ON entry_origins (site);
      CREATE TABLE entry_uses (
        to_kind text COLLATE "C" NOT NULL,
        to_key  text COLLATE "C" NOT NULL,
        kind    text COLLATE "C" NOT NULL,
        key     text COLLATE "C" NOT NULL,
        PRIMARY KEY (to_kind, to_key, kind, key)
      );
      CREATE INDEX entry_uses_user ON entry_uses (kind, key);
      ALTER TABLE subscribers ADD COLUMN stored boolean NOT NULL DEFAULT false;
      CREATE INDEX subscribers_partner ON subscribers (partner);
      CREATE INDEX subscribers_site ON subscribers (site)`,
};
