import { type Clock, systemClock } from '../../conversation/clock.ts';
import type { OutboxOptions } from '../options.ts';
import { type Outbox, StorageUnavailable } from '../port.ts';
import { STATE, toConversation } from '../rows.ts';
import { UnusableDatabase } from '../unusable.ts';
import { createAuditStore } from './audit.ts';
import { type Address, createListener, createPool } from './connection.ts';
import { createConsentStore } from './consents.ts';
import { createDatabase, type Database } from './database.ts';
import { createDoubts } from './doubts.ts';
import { createErasure } from './erase.ts';
import { createFitness } from './fitness.ts';
import { createIntake } from './intake.ts';
import { migrate, requireSchema } from './migrate.ts';
import { requireServer } from './open.ts';
import { createProviderStore } from './providers.ts';
import { createQueue } from './queue.ts';
import { createLookups } from './records.ts';
import { createRequeue } from './requeue.ts';
import { createRetention } from './retention.ts';
import { watchSkew } from './skew.ts';
import { createStatsStore } from './stats.ts';
import type { Store } from './store.ts';
import { createSuppressionStore } from './suppressions.ts';
import { type Watch, watch } from './watch.ts';

export type PostgresOptions = OutboxOptions & {
  /** Connections at most, beside the one that waits for notifications. */
  readonly poolMax: number;
  /** Leads in one transaction at most, for measuring what batching is worth. */
  readonly batchMax?: number;
  /** `migrate` brings the schema up to date; `require` changes nothing, and refuses a database that the gateway never used. */
  readonly schema?: 'migrate' | 'require';
  /** Ours, as far as it is compared with the server's. */
  readonly clock?: Clock;
  /** Told at the start and each minute that the server's clock is found so far ahead of ours, in milliseconds. */
  readonly onSkew?: (skewMs: number) => void;
};

/**
 * The store of several replicas: a Postgres database, 14 or later, with nothing but ours in its schema.
 *
 * @throws UnusableDatabase when it cannot be reached, is not ours to use, or would not keep what it commits
 */
export async function createPostgresOutbox(address: Address, options: PostgresOptions): Promise<Outbox> {
  const { owner, leaseMs, clock = systemClock, onSkew = () => undefined } = options;
  const database = await open(address, options);
  const doubts = createDoubts(database, owner);
  const store: Store = { ...options, database, doubts };
  const intake = createIntake(store, options.waitMs, systemClock, options.batchMax);
  const queue = createQueue(store, systemClock, options.batchMax);
  const skew = watchSkew({ database, clock, leaseMs, onSkew });
  await skew.measure();
  const fitness = createFitness(skew);
  const retention = createRetention(store);
  const watches: Watch[] = [];

  return {
    ...intake,
    ...queue,
    ...createProviderStore(store),
    ...createSuppressionStore(store),
    ...createLookups(store),
    ...createConsentStore(store),
    ...createStatsStore(store),
    ...createRequeue(store),
    ...createErasure(store),
    ...retention,
    ...createAuditStore(store),
    accept: fitness.ifFit(intake.accept),
    claim: fitness.ifFit(queue.claim),
    claimProbe: fitness.ifFit(queue.claimProbe),
    renew: fitness.ifFit(queue.renew),
    expire: fitness.ifFit(retention.expire),
    purge: fitness.ifFit(retention.purge),
    async find(id) {
      const [row] = await database.read(FIND, [id]);
      return row && toConversation(row);
    },
    async isHashedWith(check) {
      const [kept] = await database.read('SELECT hash_check FROM gateway_schema WHERE hash_check IS NOT NULL');
      const [row] = kept ? [kept] : await database.write(KEEP_CHECK, [check]);
      return row !== undefined && (row.hash_check as Buffer).equals(check);
    },
    async ready() {
      const [schema] = await database.write(TOUCH, [clock.now()]);
      fitness.note(schema?.oldest_reader as number);
      fitness.check();
    },
    watch(wake) {
      watches.push(watch(() => createListener(address), wake, systemClock));
    },
    async close() {
      skew.stop();
      await Promise.all([...watches.map((one) => one.stop()), intake.drain(), queue.drain()]);
      await database.close();
    },
  };
}

async function open(address: Address, { poolMax, schema = 'migrate' }: PostgresOptions): Promise<Database> {
  let database: Database | undefined;
  try {
    database = createDatabase(createPool(address, poolMax));
    await requireServer(database);
    await (schema === 'migrate' ? migrate(database) : requireSchema(database));
    return database;
  } catch (error) {
    await database?.close();
    const reason = error instanceof StorageUnavailable ? error.cause : error;
    const name = `${address.host}:${address.port}/${address.database}`;
    throw new UnusableDatabase(name, reasonOf(reason), { cause: error });
  }
}

/** Of several addresses that were tried in vain there is no message, only a code. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message === '' && 'code' in error ? String(error.code) : error.message;
}

const FIND = { name: 'find', text: `SELECT ${STATE} FROM conversations WHERE id = $1` };
const KEEP_CHECK = 'UPDATE gateway_schema SET hash_check = coalesce(hash_check, $1) RETURNING hash_check';
/** A write that only says that writing works. */
const TOUCH = { name: 'touch', text: 'UPDATE gateway_schema SET touched_at = $1 RETURNING oldest_reader' };
