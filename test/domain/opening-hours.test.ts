import t from 'tap';
import { type OpeningHours, openingAt, type Span } from '../../src/domain/opening-hours.ts';

const NINE_TO_SIX: Span = [540, 1080];
const WEEKDAYS: OpeningHours = {
  timeZone: 'America/New_York',
  week: [[], [NINE_TO_SIX], [NINE_TO_SIX], [NINE_TO_SIX], [NINE_TO_SIX], [NINE_TO_SIX], []],
  closedOn: new Set(['2026-11-26', '2026-12-25']),
};
const NIGHTS: OpeningHours = {
  timeZone: 'Europe/Berlin',
  week: Array.from({ length: 7 }, () => [
    [0, 210],
    [1320, 1440],
  ]),
  closedOn: new Set(),
};

/** Times are in UTC. New York is 5 hours behind in winter, 4 in summer; Berlin 1 or 2 ahead. */
const CASES: readonly [
  what: string,
  OpeningHours,
  now: string,
  open: boolean,
  then: string | undefined,
  days?: number,
][] = [
  ['in the middle of a day', WEEKDAYS, '2026-11-24T16:00Z', true, '2026-11-24T23:00Z'],
  ['at the first instant', WEEKDAYS, '2026-11-24T14:00Z', true, '2026-11-24T23:00Z'],
  ['just before it', WEEKDAYS, '2026-11-24T13:59:59.999Z', false, '2026-11-24T14:00Z', 0],
  ['at the last instant', WEEKDAYS, '2026-11-24T23:00Z', false, '2026-11-25T14:00Z', 1],
  ['when it is another day in UTC', WEEKDAYS, '2026-11-25T03:00Z', false, '2026-11-25T14:00Z', 1],
  ['before a holiday', WEEKDAYS, '2026-11-25T23:30Z', false, '2026-11-27T14:00Z', 2],
  ['on a holiday', WEEKDAYS, '2026-11-26T16:00Z', false, '2026-11-27T14:00Z', 1],
  ['over a weekend in which clocks go forward', WEEKDAYS, '2026-03-07T16:00Z', false, '2026-03-09T13:00Z', 2],
  ['over a weekend in which clocks go back', WEEKDAYS, '2026-10-30T22:30Z', false, '2026-11-02T14:00Z', 3],
  ['across midnight', NIGHTS, '2026-11-24T22:00Z', true, '2026-11-25T02:30Z'],
  ['to the end of the night that is an hour shorter', NIGHTS, '2026-03-28T22:00Z', true, '2026-03-29T01:30Z'],
  ['to the end of the night that is an hour longer', NIGHTS, '2026-10-24T22:00Z', true, '2026-10-25T02:30Z'],
  ['always', { ...NIGHTS, week: Array.from({ length: 7 }, () => [[0, 1440]]) }, '2026-11-24T16:00Z', true, undefined],
  ['never again', { ...NIGHTS, week: Array.from({ length: 7 }, () => []) }, '2026-11-24T16:00Z', false, undefined],
];

for (const [what, hours, now, open, then, days] of CASES) {
  t.test(`a site is ${open ? 'open' : 'closed'} ${what}, and until when is known`, async (t) => {
    const opening = openingAt(hours, Date.parse(now));
    t.equal(opening.open, open);
    const found = opening.open ? opening.until : opening.next;
    t.equal(found && new Date(found).toISOString(), then && new Date(then).toISOString());
    if (!opening.open) t.equal(opening.daysAhead, days);
  });
}
