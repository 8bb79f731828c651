import t from 'tap';
import { leadOf, phoneOf, send } from '../support/caller.ts';
import { startFleet } from '../support/fleet.ts';
import { startPostgres } from '../support/postgres.ts';

/** Sixty leads stay below ten times of it, beyond which nothing is stored. */
const CAP = 7;

t.setTimeout(90_000);
const server = await startPostgres();

/** One American number, as twenty people write it. */
function spellings(digits: string): string[] {
  const [area, office, line] = [digits.slice(0, 3), digits.slice(3, 6), digits.slice(6)];
  const gaps = ['', ' ', '-', '.', '/', '\u00a0', '\u2011', ' - '];
  const prefixes = ['+1', '+1 ', '+1-', '1-', '1 '];
  return [
    ...gaps.map((gap) => area + gap + office + gap + line),
    ...prefixes.map((prefix) => `${prefix}${area}-${office}-${line}`),
    `(${area}) ${office}-${line}`,
    `(${area})${office}${line}`,
    `+1 (${area}) ${office} ${line}`,
    `\u200e+1${area}${office}${line}`,
    `  ${area} ${office} ${line}  `,
    `+\uff11${area}${office}${line}`,
    `tel:+1${area}${office}${line}`,
  ];
}

t.test(
  'a number in twenty spellings at three replicas at once: exactly the cap is sent, the rest is held',
  async (t) => {
    const fleet = await startFleet(t, server, 3, { PHONE_DAILY_MAX: String(CAP) });
    const spelled = spellings(phoneOf(1).slice(1));
    t.equal(new Set(spelled).size, 20);
    const leads = [...spelled, ...spelled, ...spelled].map((phone, n) =>
      send(fleet.next(), leadOf(1, { consumer: { phone } }), { 'idempotency-key': `key-${n}` }),
    );
    const replies = await Promise.all(leads);
    t.ok(replies.every(({ status }) => status === 201 || status === 202));
    const rows = await fleet.settled(20_000);
    t.equal(rows.length, leads.length);
    t.equal(rows.filter(({ status }) => status === 'delivered').length, CAP);
    t.equal(rows.filter(({ status }) => status === 'held').length, leads.length - CAP);
    t.strictSame(await fleet.received([1]), [CAP]);
  },
);
