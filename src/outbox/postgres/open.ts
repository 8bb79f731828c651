import type { Database } from './database.ts';

/** The oldest server whose SQL we speak. */
const OLDEST = 140_000;

/** @throws Error saying why this server cannot be trusted with leads */
export async function requireServer(database: Database): Promise<void> {
  const [row] = await database.read(`
    SELECT current_setting('server_version_num')::integer AS version, current_setting('server_encoding') AS encoding,
           current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit`);
  if ((row?.version as number) < OLDEST) throw new Error('the server is older than Postgres 14');
  if (row?.encoding !== 'UTF8') throw new Error(`its encoding is ${row?.encoding} and not UTF8`);
  if (row?.fsync !== 'on' || row?.commit === 'off')
    throw new Error(`commits would be lost with the power (fsync is ${row?.fsync}, synchronous_commit ${row?.commit})`);
}
