import type { Migration } from './first-migration.ts';

/** When sites usually send leads; see `sqlite/rhythms-migration.ts`. */
export const RHYTHMS_MIGRATION: Migration = {
  oldestReader: 1,
  script: `
      CREATE TABLE site_hours (
        hour bigint NOT NULL,
        site text   NOT NULL,
        n    bigint NOT NULL,
        PRIMARY KEY (hour, site)
      );
      CREATE TABLE rhythms (
        site         text   PRIMARY KEY,
        state        text   NOT NULL,
        last_hour    bigint NOT NULL,
        suspect_from bigint
      );
      CREATE INDEX rhythms_suspect ON rhythms (suspect_from) WHERE suspect_from IS NOT NULL;
      CREATE INDEX rhythms_last ON rhythms (last_hour);
      CREATE TABLE refused_origins (
        site    text   NOT NULL,
        origin  text   NOT NULL,
        n       bigint NOT NULL,
        last_at bigint NOT NULL,
        PRIMARY KEY (site, origin)
      );
      CREATE INDEX refused_origins_last ON refused_origins (last_at)`,
};
