import type { Test } from 'tap';
import { STATUSES, type Status } from '../../src/domain/lead.ts';
import type { PartnerFilter, PartnerRecords } from '../../src/domain/ports/lead-records.ts';
import { InvalidCursor, type Outbox } from '../../src/domain/ports/outbox.ts';
import { testProviderOf } from '../../src/domain/provider.ts';
import { signedDayFile } from '../../src/leads/reconciliation.ts';
import { defined } from '../../src/lib/values.ts';
import { lead } from '../support/lead.ts';
import { entry, hashing, leased, type OpenOutbox, queued } from '../support/outbox.ts';

const NUMBER = hashing.phone(lead().phone.e164);
const ofPartner = (reference?: string, partner = 'crm') => ({ lead: lead(defined({ partner, reference })) });

/** Stores a lead that ends in a status, and gives its id. */
async function stored(outbox: Outbox, at: number, status: Status, reference?: string): Promise<string> {
  if (status === 'queued') return queued(outbox, at, ofPartner(reference));
  const lease = await leased(outbox, at, ofPartner(reference));
  await outbox.settle(lease, { status, attempted: true, ...(status === 'unknown' && { repeatable: true }) }, at + 1);
  return lease.id;
}

async function idsOf(outbox: Outbox, filter: Omit<PartnerFilter, 'partner'> = {}): Promise<string[]> {
  const { items } = await outbox.listOfPartner({ partner: 'crm', ...filter }, { limit: 100 });
  return items.map(({ id }) => id);
}

/** What every store has to show partners of their own conversations. */
export function partnerRecordsContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('a partner sees its own conversations with their references, newest first', async (t) => {
    const outbox = await open(t)();
    const old = await stored(outbox, 1_000, 'delivered', 'order-1');
    await leased(outbox, 1_500, ofPartner('order-1', 'other'));
    await leased(outbox, 1_600);
    const unknown = await stored(outbox, 2_000, 'unknown');
    t.strictSame(await outbox.listOfPartner({ partner: 'crm' }, { limit: 9 }), {
      items: [
        { id: unknown, status: 'unknown', attempts: 1, createdAt: 2_000, updatedAt: 2_001, mayHaveArrived: true },
        {
          id: old,
          status: 'delivered',
          attempts: 1,
          createdAt: 1_000,
          updatedAt: 1_001,
          reference: 'order-1',
          mayHaveArrived: false,
        },
      ],
    });
    t.match(await outbox.find(old), { partner: 'crm', reference: 'order-1' });
    t.notOk('reference' in ((await outbox.find(unknown)) ?? {}));
    await outbox.close();
  });

  t.test('the signed file of a day has exactly its real or its test leads, and is read page by page', async (t) => {
    const outbox = await open(t)();
    const day = Date.UTC(2026, 10, 28);
    const times = [day - 1, day, day + 1, day + 2, day + 3, day + 86_399_998, day + 86_400_000];
    for (const at of times) await stored(outbox, at, 'delivered', `at-${at - day}`);
    await queued(outbox, day + 5, { lead: lead({ partner: 'crm', provider: testProviderOf('default') }) });
    let pages = 0;
    const counting: PartnerRecords = {
      async listOfPartner(filter, page) {
        pages += 1;
        return outbox.listOfPartner(filter, page);
      },
    };
    const read = async (test: boolean): Promise<string[]> => {
      const file = { partner: 'crm', day, test, format: 'jsonl' } as const;
      const lines = signedDayFile(counting, file, [Buffer.alloc(32, 1)], 2);
      t.equal(pages, 0, 'a page is read when it is asked for');
      const first = await lines.next();
      t.equal(pages, 1);
      const rest = [];
      for await (const line of lines) rest.push(line);
      pages = 0;
      return [first.value, ...rest].join('').trimEnd().split('\n');
    };
    const real = (await read(false)).map((line) => JSON.parse(line));
    t.strictSame(
      real.slice(0, -1).map(({ reference, outcome }) => [reference, outcome]),
      ['at-86399998', 'at-3', 'at-2', 'at-1', 'at-0'].map((reference) => [reference, 'delivered']),
    );
    t.match(real.at(-1), { leads: 5, signatures: [/^v1,.{44}$/] });
    const tests = (await read(true)).map((line) => JSON.parse(line));
    t.match(tests, [{ test: true, outcome: 'queued', certainty: 'open' }, { leads: 1 }]);
    await outbox.close();
  });

  t.test('status, reference and times select, alone and together', async (t) => {
    const outbox = await open(t)();
    const ids = new Map<Status, string>();
    for (const [n, status] of STATUSES.entries())
      ids.set(status, await stored(outbox, 1_000 + n, status, `r-${n % 2}`));
    const newestFirst = [...ids.values()].reverse();
    t.strictSame(await idsOf(outbox), newestFirst);
    for (const [status, id] of ids) t.strictSame(await idsOf(outbox, { status }), [id], status);
    t.strictSame(
      await idsOf(outbox, { reference: 'r-1' }),
      newestFirst.filter((_, n) => n % 2 === 0),
    );
    t.strictSame(await idsOf(outbox, { reference: 'r' }), [], 'only the whole reference matches');
    t.strictSame(await idsOf(outbox, { reference: 'r-1', status: 'queued' }), []);
    t.strictSame(await idsOf(outbox, { since: 1_003 }), newestFirst.slice(0, 3), 'since counts in');
    t.strictSame(await idsOf(outbox, { since: 1_001, until: 1_003 }), newestFirst.slice(3, 5), 'until does not');
    t.strictSame(await idsOf(outbox, { since: 1_003, reference: 'r-0' }), [newestFirst[1]]);
    await outbox.close();
  });

  t.test(
    'pages follow each other without a gap, also through leads of one millisecond and past newer ones',
    async (t) => {
      const outbox = await open(t)();
      const ids: string[] = [];
      for (let n = 0; n < 7; n += 1)
        ids.push(await stored(outbox, 1_000, n % 2 === 0 ? 'delivered' : 'queued', 'same'));
      for (const filter of [{}, { reference: 'same' }]) {
        const seen: string[] = [];
        for (let after: string | undefined, n = 0; n < 9; n += 1) {
          const page = await outbox.listOfPartner({ partner: 'crm', ...filter }, defined({ limit: 2, after }));
          seen.push(...page.items.map(({ id }) => id));
          after = page.next;
          if (after === undefined) break;
          t.equal(page.items.length, 2);
          await leased(outbox, 2_000 + n, ofPartner('later'));
        }
        t.strictSame(
          seen.filter((id) => ids.includes(id)),
          [...ids].reverse(),
        );
      }
      await outbox.close();
    },
  );

  t.test('a cursor that is no conversation of the partner is refused', async (t) => {
    const outbox = await open(t)();
    const other = await leased(outbox, 1_000, ofPartner('x', 'other'));
    for (const after of ['', 'cnv_1', other.id])
      await t.rejects(outbox.listOfPartner({ partner: 'crm' }, { limit: 1, after }), InvalidCursor);
    await outbox.close();
  });

  t.test('a reference goes with its lead, by erasure and by retention, and the conversation stays', async (t) => {
    const outbox = await open(t)();
    const id = await stored(outbox, 1_000, 'delivered', 'order-1');
    await outbox.expire(5_000, 10);
    t.notOk('reference' in ((await outbox.find(id)) ?? {}));
    const next = await stored(outbox, 6_000, 'delivered', 'order-1');
    t.strictSame(await idsOf(outbox, { reference: 'order-1' }), [next]);
    await outbox.erase(NUMBER, { now: 7_000, audit: { ...entry('suppress', 7_000), action: 'erase' } });
    t.strictSame(await idsOf(outbox, { reference: 'order-1' }), []);
    t.strictSame(await idsOf(outbox), [next, id]);
    await outbox.close();
  });

  t.test(
    'a suppressed lead has its reference like any other, until the number is erased or the retention ends',
    async (t) => {
      const outbox = await open(t)();
      await outbox.suppress(NUMBER, entry('suppress', 500));
      const erased = await queued(outbox, 1_000, ofPartner('order-1'));
      t.match(await outbox.find(erased), { reference: 'order-1' });
      await outbox.erase(NUMBER, { now: 2_000, audit: { ...entry('suppress', 2_000), action: 'erase' } });
      t.notOk('reference' in ((await outbox.find(erased)) ?? {}));
      const expired = await queued(outbox, 3_000, ofPartner('order-1'));
      await outbox.expire(3_000, 10);
      t.strictSame(await idsOf(outbox, { reference: 'order-1' }), [expired], 'not yet');
      t.equal(await outbox.expire(3_001, 10), 1);
      t.strictSame(await idsOf(outbox, { reference: 'order-1' }), []);
      t.equal(await outbox.expire(9_000, 10), 0, 'nothing is left to expire');
      await outbox.close();
    },
  );
}
