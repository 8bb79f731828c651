import t from 'tap';
import { networksAbove } from '../../src/http/limits/address.ts';
import { capsFor, type DailyMaxima } from '../../src/leads/caps.ts';
import { lead } from '../support/lead.ts';
import { hashing, newLead, sqliteOutbox } from '../support/outbox.ts';

const MAXIMA: DailyMaxima = { phone: 5, phoneTotal: 10, site: 2_000, visitor: 50 };
const PHONE = hashing.phone('+14045551212');

function caps(kind: 'visitor' | 'partner', address: string, maxima: Partial<DailyMaxima> = {}) {
  const requester = { kind, id: 'demo', address, networks: networksAbove(address) };
  return capsFor(hashing, { ...MAXIMA, ...maxima }, lead(), PHONE, requester);
}

const maximaOf = (...args: Parameters<typeof caps>) => caps(...args).map(({ kind, max }) => [kind, max]);
const OF_NUMBER_AND_SITE = [
  ['phone', 5],
  ['phone_total', 10],
  ['site', 2_000],
];

t.test(
  'the maxima of an address and of the networks above it grow with their size, and are tested first',
  async (t) => {
    t.strictSame(maximaOf('visitor', '192.0.2.1'), [['visitor', 50], ['visitor', 800], ...OF_NUMBER_AND_SITE]);
    t.strictSame(maximaOf('visitor', '2001:db8:1:2::'), [
      ['visitor', 50],
      ['visitor', 200],
      ['visitor', 800],
      ...OF_NUMBER_AND_SITE,
    ]);
  },
);

t.test('a lead of a partner is not counted by address', async (t) => {
  t.strictSame(maximaOf('partner', '192.0.2.1'), OF_NUMBER_AND_SITE);
});

t.test('a network has at most half of the cap of a site, and never less than one visitor', async (t) => {
  t.strictSame(maximaOf('visitor', '2001:db8::', { site: 300 }).slice(0, 3), [
    ['visitor', 50],
    ['visitor', 150],
    ['visitor', 150],
  ]);
  t.strictSame(maximaOf('visitor', '192.0.2.1', { site: 20 }).slice(0, 2), [
    ['visitor', 50],
    ['visitor', 50],
  ]);
});

t.test('one network cannot use up the cap of a site, whatever addresses of it are used', async (t) => {
  const outbox = sqliteOutbox(t)();
  t.teardown(() => outbox.close());
  const maxima = { phone: 1_000, phoneTotal: 1_000, site: 40, visitor: 2 };
  const send = async (address: string) => {
    const accepted = await outbox.accept(newLead({ caps: caps('visitor', address, maxima) }), 1_000);
    return accepted.kind === 'stored' ? accepted.conversation.status : accepted.kind;
  };
  for (const network of ['203.0.113.', '2001:db8:1:']) {
    const addresses = Array.from({ length: 60 }, (_, n) => (network.includes(':') ? `${network}${n}::` : network + n));
    const answers: string[] = [];
    for (const address of addresses) answers.push(await send(address));
    const most = network.includes(':') ? 8 : 20;
    t.strictSame(answers, [...Array(most).fill('queued'), ...Array(60 - most).fill('over')], network);
  }
  t.equal(await send('198.51.100.7'), 'queued', 'a visitor from elsewhere');
});
