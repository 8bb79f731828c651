import type { Outbox, StoreLifecycle } from '../../domain/ports/outbox.ts';
import { type Clock, systemClock } from '../../lib/clock.ts';
import type { OutboxOptions } from '../options.ts';
import { REFERENCE } from '../references.ts';
import { STATE, toBuffer, toStored } from '../rows.ts';
import { createAcceptance } from './accept.ts';
import { createClaims } from './claim.ts';
import { type Address, createListener, type Listening, listenForWork } from './connection.ts';
import { createConsents } from './consents.ts';
import type { Database, Store } from './database.ts';
import { createEntries } from './entries.ts';
import { createInDoubtLeases } from './faults.ts';
import { createKeyStore } from './keys.ts';
import { type OpenPlace, openDatabase } from './open.ts';
import { createAlerts, createCallbacks, createOutgoing } from './outgoing.ts';
import { createErasure, createRetention, createSuppressions } from './privacy.ts';
import { createProviderStore } from './providers.ts';
import { createAudit, createLeadRecords, createPartnerRecords, createRequeue } from './records.ts';
import {
  createReplicaGuard,
  createSchemaState,
  type ReplicaGuard,
  type SchemaState,
  watchSkew,
} from './replica-guard.ts';
import { createRhythms } from './rhythms.ts';
import { createLeases } from './settle.ts';
import { createActivity, createStats } from './stats.ts';

export type PostgresOptions = OutboxOptions &
  OpenPlace & {
    /** Leads in one transaction at most, to measure the effect of batching. */
    readonly batchMax?: number;
    /** Our clock, as far as it is compared with the server's. */
    readonly clock?: Clock;
    /** Called at the start and once a minute if the server's clock is found so far ahead of ours, in milliseconds. */
    readonly onSkew?: (skewMs: number) => void;
  };

/**
 * The store of several replicas: a Postgres database, version 14 or later, whose schema holds only the gateway's tables.
 *
 * @throws UnusableDatabase if it cannot be reached, cannot be used, or would lose commits
 */
export async function createPostgresOutbox(address: Address, options: PostgresOptions): Promise<Outbox> {
  const { owner, leaseMs, batchMax, clock = systemClock, onSkew = () => undefined } = options;
  const database = await openDatabase(address, options);
  const schema = createSchemaState();
  const store: Store = {
    ...options,
    database,
    inDoubtLeases: createInDoubtLeases(database.write, owner),
    sealFormat: schema.sealFormat,
  };
  const acceptance = createAcceptance(store, systemClock, batchMax);
  const claims = createClaims(store);
  const leases = createLeases(store, systemClock, batchMax);
  const retention = createRetention(store);
  const skew = watchSkew({ database, clock, leaseMs, onSkew, onSchema: schema.record });
  await skew.measure();
  const guard = createReplicaGuard(skew, schema);

  return {
    ...acceptance,
    ...claims,
    ...leases,
    ...createProviderStore(store),
    ...createLeadRecords(store),
    ...createPartnerRecords(store),
    ...createConsents(store),
    ...createRequeue(store),
    ...createStats(store),
    ...createAudit(store),
    ...createErasure(store),
    ...retention,
    ...createSuppressions(store),
    ...createOutgoing(store),
    ...createAlerts(store),
    ...createCallbacks(store),
    ...createActivity(store),
    ...createRhythms(store),
    ...createKeyStore(store),
    ...createEntries(store),
    ...createLifecycle(database, { guard, schema, clock, address }, async () => {
      skew.stop();
      await Promise.all([acceptance.drain(), leases.drain()]);
    }),
    accept: guard.whenHealthy(acceptance.accept),
    claim: guard.whenHealthy(claims.claim),
    claimProbe: guard.whenHealthy(claims.claimProbe),
    renew: guard.whenHealthy(leases.renew),
    expire: guard.whenHealthy(retention.expire),
    purge: guard.whenHealthy(retention.purge),
    async find(id) {
      const [row] = await database.read(FIND, [id]);
      return row && toStored(row);
    },
  };
}

/** @param drain resolves when no lead is being accepted or settled any more */
function createLifecycle(
  database: Database,
  { guard, schema, clock, address }: { guard: ReplicaGuard; schema: SchemaState; clock: Clock; address: Address },
  drain: () => Promise<void>,
): StoreLifecycle {
  const listening: Listening[] = [];
  return {
    async isHashedWith(check) {
      const [kept] = await database.read('SELECT hash_check FROM gateway_schema WHERE hash_check IS NOT NULL');
      const [row] = kept ? [kept] : await database.write(KEEP_HASH_CHECK, [check]);
      return row !== undefined && toBuffer(row.hash_check as Uint8Array).equals(check);
    },
    async ready() {
      const [row] = await database.write(TOUCH, [clock.now()]);
      if (row) schema.record(row);
      guard.check();
    },
    watch(wake) {
      listening.push(listenForWork(() => createListener(address), wake, systemClock));
    },
    async close() {
      await Promise.all([drain(), ...listening.map((one) => one.stop())]);
      await database.close();
    },
  };
}

const FIND = { name: 'find', text: `SELECT ${STATE}, partner, ${REFERENCE} FROM conversations WHERE id = $1` };
const KEEP_HASH_CHECK = 'UPDATE gateway_schema SET hash_check = coalesce(hash_check, $1) RETURNING hash_check';
/** A write whose only purpose is to prove that writing works. */
const TOUCH = { name: 'touch', text: 'UPDATE gateway_schema SET touched_at = $1 RETURNING oldest_reader, bound' };
