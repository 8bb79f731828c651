import Fastify, { type FastifyRequest } from 'fastify';
import t from 'tap';
import type { Partner } from '../../../src/domain/site.ts';
import type { Requester } from '../../../src/http/access.ts';
import { createLimits, type Limits } from '../../../src/http/limits/limits.ts';
import type { SharedCounts } from '../../../src/http/limits/shared-counts.ts';
import { site } from '../../support/lead.ts';

function limitsOf(max = 2, sharedCounts?: SharedCounts): Promise<Limits> {
  return createLimits(Fastify(), Date.now, () => ({ max, windowS: 60 }), sharedCounts);
}

/** Shared counts with the values of the test; `undefined` means that no server answers. */
function sharedCounts(next: () => number | undefined) {
  const asked: { purpose: string; requester: string; windowMs: number }[] = [];
  const counts: SharedCounts = {
    async count(purpose, requester, windowMs) {
      asked.push({ purpose, requester, windowMs });
      const count = next();
      return count === undefined ? undefined : { count, resetMs: 20_500 };
    },
    state: () => 'shared',
    start: async () => {},
    stop() {},
  };
  return { counts, asked };
}

/** The part of a request that a limit reads. */
function from(requester: Requester): FastifyRequest {
  return { requester, routeOptions: {} } as FastifyRequest;
}

const PARTNER: Partner = { id: 'acme', keyHashes: [], sites: '*', rate: { max: 3, windowS: 30 } };

t.test('the leads of a visitor are accepted up to the limit, and then refused', async (t) => {
  const { leads } = await limitsOf();
  const visitor = from({ address: '203.0.113.9', site: site() });
  const rate = { max: 2, windowS: 60 };
  t.strictSame(await leads(visitor), { name: 'visitor', rate, remaining: 1, resetS: 60, exceeded: false });
  t.match(await leads(visitor), { remaining: 0, exceeded: false });
  t.match(await leads(visitor), { remaining: 0, exceeded: true });
});

t.test('the same number of leads passes whether they arrive at once or one by one', async (t) => {
  const { leads } = await limitsOf(3);
  const usages = await Promise.all(
    Array.from({ length: 10 }, () => leads(from({ address: '203.0.113.9', site: site() }))),
  );
  t.strictSame(
    usages.map(({ remaining, exceeded }) => (exceeded ? 'refused' : remaining)),
    [2, 1, 0, ...Array(7).fill('refused')],
  );
});

t.test('addresses, sites and kinds of requests are counted separately', async (t) => {
  const { leads, attempts, reads } = await limitsOf(1);
  const visitor = { address: '203.0.113.9', site: site() };
  await leads(from(visitor));
  t.match(await leads(from(visitor)), { exceeded: true });
  t.match(await leads(from({ ...visitor, address: '203.0.113.10' })), { exceeded: false });
  t.match(await leads(from({ ...visitor, site: site({ key: 'dealer' }) })), { exceeded: false });
  t.match(await attempts(from(visitor)), { remaining: 59, exceeded: false });
  t.match(await reads(from(visitor)), { remaining: 119, exceeded: false });
});

t.test('a partner has its own rate, for all its addresses and sites', async (t) => {
  const { leads, attempts } = await limitsOf();
  const call = (address: string, key: string) => from({ address, partner: PARTNER, site: site({ key }) });
  t.match(await leads(call('203.0.113.1', 'a')), { name: 'partner', rate: PARTNER.rate, remaining: 2, resetS: 30 });
  t.match(await leads(call('203.0.113.2', 'b')), { remaining: 1 });
  t.match(await attempts(call('203.0.113.3', 'c')), { rate: { max: 180, windowS: 30 }, remaining: 179 });
});

t.test('the id of a partner is not confused with an address', async (t) => {
  const { attempts } = await limitsOf(1);
  await attempts(from({ address: '203.0.113.9' }));
  t.match(await attempts(from({ address: 'x', partner: { ...PARTNER, id: '203.0.113.9' } })), { remaining: 179 });
});

t.test('the count of an address over its limit survives six thousand new addresses', async (t) => {
  const { leads } = await limitsOf(1);
  const offender = from({ address: '203.0.113.9', site: site() });
  await leads(offender);
  for (let index = 0; index < 6000; index += 1) await leads(from({ address: `2001:db8:0:${index}::`, site: site() }));
  t.match(await leads(offender), { exceeded: true });
});

t.test('the shared count of all replicas decides', async (t) => {
  const numbers = [2, 3, 1];
  const { counts, asked } = sharedCounts(() => numbers.shift());
  const { leads } = await limitsOf(2, counts);
  const visitor = () => from({ address: '203.0.113.9', site: site() });
  t.match(await leads(visitor()), { remaining: 0, resetS: 21, exceeded: false });
  t.match(await leads(visitor()), { remaining: 0, resetS: 21, exceeded: true });
  t.match(await leads(visitor()), { remaining: 1, exceeded: false }, 'also when the shared count starts again');
  t.match(asked[0], { purpose: 'visitor', windowMs: 60_000 });
});

t.test('each limit is counted for its own purpose, and health checks and files are not counted together', async (t) => {
  const { counts, asked } = sharedCounts(() => 1);
  const { reads, health, files, attempts, leads } = await limitsOf(2, counts);
  const request = from({ address: '203.0.113.9', site: site() });
  await attempts(request);
  await leads(request);
  await reads(from({ address: '203.0.113.9' }));
  await leads(from({ address: '203.0.113.9', partner: PARTNER }));
  await health(request);
  await files(request);
  t.strictSame(
    asked.map(({ purpose, requester }) => [purpose, requester]),
    [
      ['attempts', 'ip:203.0.113.9'],
      ['visitor', 'ip:demo:203.0.113.9'],
      ['reads', 'ip:203.0.113.9'],
      ['partner', 'partner:acme'],
    ],
  );
});

t.test('a requester that used up its limit gets no fresh quota when the shared counts are lost', async (t) => {
  const answers = [1, 2, undefined, 1, undefined, 1, undefined];
  const { counts } = sharedCounts(() => answers.shift());
  const { leads } = await limitsOf(2, counts);
  const exceeded: boolean[] = [];
  for (let times = 0; times < 7; times += 1) {
    exceeded.push((await leads(from({ address: '203.0.113.9', site: site() }))).exceeded);
  }
  t.strictSame(exceeded, [false, false, true, false, true, false, true]);
});

t.test('a changed rate applies to the next request', async (t) => {
  let max = 1;
  const { leads } = await createLimits(Fastify(), Date.now, () => ({ max, windowS: 60 }));
  const visitor = from({ address: '203.0.113.9', site: site() });
  await leads(visitor);
  t.match(await leads(visitor), { exceeded: true });
  max = 3;
  t.match(await leads(visitor), { remaining: 0, exceeded: false });
});
