import type { Test } from 'tap';
import type { KeyStore, SealedColumn } from '../../src/domain/ports/key-store.ts';
import type { Outbox } from '../../src/domain/ports/outbox.ts';
import { createVault, type Vault } from '../../src/store/vault.ts';
import { lead } from '../support/lead.ts';
import { hashing, leased, newLead, type OpenOutbox, queued } from '../support/outbox.ts';

const OLD = Buffer.alloc(32, 1);
const NEW = Buffer.alloc(32, 2);
/** The length of a wrapped key, with which a description begins. */
const KEY_BYTES = 64;
const NONE = { current: 0, former: 0, previous: 0, unknown: 0, plain: 0 };
const REFUSED = { status: 'parked', cause: 'refused', attempted: true } as const;

/** A vault that seals as releases did before values were bound to their place. */
function former(keys: readonly Buffer[]): Vault {
  const vault = createVault(keys);
  return {
    ...vault,
    seal: (id, content) => vault.seal(id, content, 'former'),
    sealText: (id, column, text) => vault.sealText(id, column, text, 'former'),
  };
}

/** Stores a parked lead with a description, and gives its id. */
async function described(outbox: Outbox, firstName: string): Promise<string> {
  const lease = await leased(outbox, 1_000, newLead({ lead: lead({ firstName, consent: { version: firstName } }) }));
  await outbox.settle(lease, { ...REFUSED, description: `No, ${firstName}` }, 2_000);
  return lease.id;
}

/** Statements that overwrite what is stored of the conversation `to`. */
function tampering({ keyTable }: Pick<OpenOutbox, 'keyTable'>, from: string, to: string) {
  const seqOf = (id: string) => `(SELECT seq FROM conversations WHERE id = '${id}')`;
  const of = (table: string, value: string) =>
    `(SELECT ${value} FROM ${table} AS other WHERE other.seq = ${seqOf(from)})`;
  const set = (table: string, column: string, value: string) =>
    `UPDATE ${table} SET ${column} = ${value} WHERE seq = ${seqOf(to)}`;
  return {
    copyLead: `${set('leads', 'lead', of('leads', 'lead'))}; ${set(keyTable, 'lead_key', of(keyTable, 'lead_key'))}`,
    copyDescription: set('descriptions', 'description', of('descriptions', 'description')),
    descriptionAsLead: `${set('leads', 'lead', of('descriptions', `substr(description, ${KEY_BYTES + 1})`))};
                        ${set(keyTable, 'lead_key', of('descriptions', `substr(description, 1, ${KEY_BYTES})`))}`,
  };
}

/** Wraps every key anew, two at a time. Gives how many were changed. */
async function rewrapAll(store: KeyStore): Promise<number> {
  let changed = 0;
  for (const column of ['lead', 'description'] as const) changed += await rewrapColumn(store, column);
  return changed;
}

async function rewrapColumn(store: KeyStore, column: SealedColumn): Promise<number> {
  let sum = 0;
  for (let after: number | undefined = 0; after !== undefined; ) {
    const { changed, next } = await store.rewrap(column, after, 2);
    sum += changed;
    after = next;
  }
  return sum;
}

/** What every store has to do so that it trusts nothing that it cannot verify. */
export function sealingContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('a lead or description that was copied from another lead or column is refused', async (t) => {
    const opening = open(t);
    const outbox = await opening();
    const [from, to] = [await described(outbox, 'Ann'), await described(outbox, 'Bob')];
    const { copyLead, copyDescription, descriptionAsLead } = tampering(opening, from, to);
    t.match(await outbox.show(to), { lead: { firstName: 'Bob' }, description: 'No, Bob' });
    await opening.sql(copyDescription);
    t.match(await outbox.show(to), { lead: { firstName: 'Bob' }, description: undefined });
    for (const statement of [copyLead, descriptionAsLead]) {
      await opening.sql(statement);
      t.match(await outbox.show(to), { id: to, erased: false, lead: undefined, description: undefined });
      t.match((await outbox.consents({}, { limit: 9 })).items, [
        { id: from, version: 'Ann' },
        { id: to, unreadable: true },
      ]);
    }
    t.match(await outbox.show(from), { lead: { firstName: 'Ann' }, description: 'No, Ann' });
    await outbox.close();
  });

  t.test('a queued lead whose data was copied from another lead is parked and never sent', async (t) => {
    const opening = open(t);
    const told: string[] = [];
    const outbox = await opening({ onUnreadable: ({ id }) => told.push(id) });
    const [from, to] = [await queued(outbox, 1_000), await queued(outbox, 1_000)];
    await opening.sql(tampering(opening, from, to).copyLead);
    const claims = await outbox.claim({ providers: ['default'], limit: 9, now: 2_000 });
    t.strictSame([claims.map(({ lease }) => lease.id), told], [[from], [to]]);
    t.match(await outbox.show(to), { status: 'parked', cause: 'unreadable' });
    await outbox.close();
  });

  t.test('a lead that is stored without encryption is refused where a key is configured', async (t) => {
    const opening = open(t);
    const plain = await opening({ vault: createVault([]) });
    const id = await queued(plain, 1_000);
    t.match(await plain.show(id), { lead: lead() });
    await plain.close();
    const outbox = await opening();
    t.match(await outbox.show(id), { erased: false, lead: undefined });
    t.strictSame(await outbox.claim({ providers: ['default'], limit: 9, now: 2_000 }), []);
    t.match(await outbox.show(id), { status: 'parked', cause: 'unreadable' });
    t.strictSame(await outbox.sealedCounts(), { ...NONE, plain: 1 });
    await outbox.close();
  });

  t.test(
    'leads of the former format stay readable, and are bound to their place by wrapping their keys anew',
    async (t) => {
      const opening = open(t);
      const before = await opening({ vault: former([NEW]) });
      const [from, to] = [await described(before, 'Ann'), await described(before, 'Bob')];
      await before.close();
      const outbox = await opening({ vault: createVault([NEW]) });
      t.match(await outbox.show(from), { lead: { firstName: 'Ann' }, description: 'No, Ann' });
      t.strictSame(await outbox.sealedCounts(), { ...NONE, former: 4 });
      t.equal(await rewrapAll(outbox), 4);
      t.strictSame(await outbox.sealedCounts(), { ...NONE, current: 4 });
      t.match(await outbox.show(to), { lead: { firstName: 'Bob' }, description: 'No, Bob' });
      const { copyLead, copyDescription } = tampering(opening, from, to);
      await opening.sql(`${copyLead}; ${copyDescription}`);
      t.match(await outbox.show(to), { id: to, lead: undefined, description: undefined });
      await outbox.close();

      const rotated = await opening({ vault: createVault([OLD, NEW]) });
      t.strictSame(await rotated.rewrap('lead', 0, 9), { changed: 1, refused: 1 }, 'a moved lead is not bound anew');
      await rotated.close();
    },
  );

  t.test('after all keys are wrapped anew the previous DATA_KEY is needed no more', async (t) => {
    const opening = open(t);
    const before = await opening({ vault: createVault([OLD]) });
    const ids = [];
    for (const name of ['Ann', 'Bob', 'Cy', 'Di', 'Ed']) ids.push(await described(before, name));
    const waiting = await queued(before, 1_000);
    const rotated = await opening({ vault: createVault([NEW, OLD]) });
    const latest = await described(rotated, 'Flo');
    t.strictSame(await rotated.sealedCounts(), { ...NONE, previous: 11, current: 2 });
    t.match(await rotated.rewrap('lead', 0, 2), { changed: 2, next: Number });
    await rotated.close();

    const resumed = await opening({ vault: createVault([NEW, OLD]) });
    t.strictSame(await resumed.sealedCounts(), { ...NONE, previous: 9, current: 4 });
    // A replica that still has the old key first stores one more lead so.
    const late = await described(before, 'Gus');
    t.equal(await rewrapAll(resumed), 11);
    t.strictSame(await resumed.sealedCounts(), { ...NONE, current: 15 });
    t.equal(await rewrapAll(resumed), 0);
    await Promise.all([before.close(), resumed.close()]);

    const current = await opening({ vault: createVault([NEW]) });
    const names = [];
    for (const id of [...ids, latest, late]) {
      const { lead: shown, description } = (await current.show(id)) ?? {};
      names.push([shown?.firstName, description]);
    }
    t.strictSame(
      names,
      ['Ann', 'Bob', 'Cy', 'Di', 'Ed', 'Flo', 'Gus'].map((name) => [name, `No, ${name}`]),
    );
    const claims = await current.claim({ providers: ['default'], limit: 9, now: 2_000 });
    t.match(claims, [{ lease: { id: waiting }, lead: lead() }]);
    await current.close();
  });

  t.test('a value that no configured key opens is counted, and left as it is', async (t) => {
    const opening = open(t);
    const before = await opening({ vault: createVault([OLD]) });
    const id = await described(before, 'Ann');
    const outbox = await opening({ vault: createVault([NEW]) });
    t.strictSame(await outbox.sealedCounts(), { ...NONE, unknown: 2 });
    t.equal(await rewrapAll(outbox), 0);
    t.match(await before.show(id), { lead: { firstName: 'Ann' } });
    await Promise.all([before.close(), outbox.close()]);
  });

  t.test('a lead that is erased while its key is wrapped anew stays erased', async (t) => {
    const opening = open(t);
    const before = await opening({ vault: createVault([OLD]) });
    const id = await described(before, 'Ann');
    await before.close();
    const vault = createVault([NEW, OLD]);
    const audit = { at: 5_000, actor: 'cli:ann', action: 'erase', count: 0, detail: 'one number' } as const;
    let erasing: Promise<number> | undefined;
    const outbox = await opening({
      vault: {
        ...vault,
        rewrap(...parts) {
          erasing ??= outbox.erase(hashing.phone(lead().phone.e164), { now: 5_000, audit });
          return vault.rewrap(...parts);
        },
      },
    });
    await rewrapAll(outbox);
    t.equal(await erasing, 1);
    t.match(await outbox.show(id), { erased: true, lead: undefined, description: undefined });
    t.strictSame(await outbox.sealedCounts(), NONE);
    await outbox.close();
  });
}
