import type { Migration } from './first-migration.ts';

/** Suppressed numbers get a place in the order in which they came, as in `sqlite/migrations.ts`, so that they are listed page by page. */
export const SUPPRESSIONS_MIGRATION: Migration = {
  oldestReader: 1,
  script: `
      ALTER TABLE suppressions ADD COLUMN place bigint GENERATED ALWAYS AS IDENTITY;
      CREATE UNIQUE INDEX suppressions_place ON suppressions (place)`,
};
