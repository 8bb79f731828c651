/**
 * When sites usually send leads. `site_hours` holds hours that are not learnt yet, `state` a `Rhythm` as JSON, and `refused_origins` the
 * pages whose requests were refused.
 */
export const RHYTHMS_MIGRATION = `CREATE TABLE site_hours (
     hour INTEGER NOT NULL,
     site TEXT    NOT NULL,
     n    INTEGER NOT NULL,
     PRIMARY KEY (hour, site)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE rhythms (
     site         TEXT    PRIMARY KEY,
     state        TEXT    NOT NULL,
     last_hour    INTEGER NOT NULL,
     suspect_from INTEGER
   ) STRICT;
   CREATE INDEX rhythms_suspect ON rhythms (suspect_from) WHERE suspect_from IS NOT NULL;
   CREATE INDEX rhythms_last ON rhythms (last_hour);
   CREATE TABLE refused_origins (
     site    TEXT    NOT NULL,
     origin  TEXT    NOT NULL,
     n       INTEGER NOT NULL,
     last_at INTEGER NOT NULL,
     PRIMARY KEY (site, origin)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX refused_origins_last ON refused_origins (last_at)`;
