import type { Address } from '../../src/store/postgres/connection.ts';
import type { PostgresServer } from './postgres-server.ts';

/** Every lease, as triggers of the database recorded it, independent of what a gateway reports. */
export type LeaseRecord = {
  /** How often each lead was leased, by id. */
  given(): Promise<ReadonlyMap<string, number>>;
  /** Leases that began while another one was still valid, and fences that were given twice; one line each. */
  doubled(): Promise<readonly string[]>;
  /** Expires the leases of dead processes now instead of within a minute. */
  expire(pids: Iterable<number>): Promise<void>;
};

/** Starts recording in a database that has a gateway's tables. Times are the server's. */
export async function recordLeases(server: PostgresServer, address: Address): Promise<LeaseRecord> {
  await server.query(RECORD, address);
  return {
    async given() {
      const rows = await server.query('SELECT id, count(*)::integer AS n FROM leases_given GROUP BY id', address);
      return new Map(rows.map(({ id, n }) => [id as string, n as number]));
    },
    async doubled() {
      const rows = await server.query(DOUBLED, address);
      return rows.map((row) => JSON.stringify(row));
    },
    async expire(pids) {
      // The owner's name holds its process id; see `src/app/gateway.ts`.
      const owners = [...pids].map((pid) => `'%:${pid}:%'`).join();
      if (owners === '') return;
      await server.query(
        `UPDATE conversations SET next_at = least(next_at, ${NOW}) WHERE lease_owner LIKE ANY (ARRAY[${owners}])`,
        address,
      );
    },
  };
}

const NOW = 'floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

const RECORD = `
  CREATE TABLE leases_given (
    place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text, fence integer, owner text, at bigint, held_by text, held_until bigint
  );
  CREATE FUNCTION record_lease() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
  BEGIN
    IF NEW.lease_owner IS NOT NULL AND (NEW.fence, NEW.lease_owner) IS DISTINCT FROM (OLD.fence, OLD.lease_owner) THEN
      INSERT INTO leases_given (id, fence, owner, at, held_by, held_until)
      VALUES (NEW.id, NEW.fence, NEW.lease_owner, ${NOW}, OLD.lease_owner,
              CASE WHEN OLD.lease_owner IS NOT NULL THEN OLD.next_at END);
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER record_lease AFTER INSERT OR UPDATE ON conversations FOR EACH ROW EXECUTE FUNCTION record_lease()`;

const DOUBLED = `
  SELECT id, fence, owner, held_by, held_until - at AS too_early_ms FROM leases_given WHERE held_until > at
  UNION ALL
  SELECT id, fence, string_agg(owner, ' '), NULL, NULL FROM leases_given GROUP BY id, fence HAVING count(*) > 1`;
