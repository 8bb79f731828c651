import t from 'tap';
import { besideRunning } from './support/process.ts';

const CANARIES = {
  phone: '+14165550187',
  national: '4165550187',
  name: 'Canaryfirst',
  last: 'Canarylast',
  question: 'canary-question',
  listing: 'canary-listing',
  consent: 'canary-consent',
  page: 'canary-query',
  title: 'canary-title',
  description: 'canary-words',
};

const LINES: readonly (readonly string[])[] = [
  ['leads', 'list'],
  ['leads', 'list', '--phone', '+1 (416) 555-0187', '--json'],
  ['leads', 'show', 'ID'],
  ['leads', 'show', 'ID', '--json'],
  ['leads', 'show', '+14165550187'],
  ['leads', 'release', '--phone', '+1 (416) 555-0187', '--dry-run', '--json'],
  ['leads', 'list', '--phone', '416 555 0187'],
  ['leads', 'list', '--country', 'CA', '--phone', '416 555 018'],
  ['suppress', 'add', '+14165550187'],
  ['suppress', 'list'],
  ['suppress', 'remove', '+14165550187', '--json'],
  ['leads', 'release', '--phone', '+14165550187', '--yes'],
  ['stats'],
  ['check'],
  ['leads', 'erase', '--phone', '+14165550187', '--suppress', '--yes'],
  ['leads', 'show', 'ID', '--reveal'],
  ['audit'],
  ['audit', '--json'],
];

t.test('no command tells personal data unless it is asked to reveal it', async (t) => {
  const { parked, gateway } = besideRunning(t);
  const id = await parked(
    {
      phone: { e164: CANARIES.phone, callingCode: '1', national: CANARIES.national },
      firstName: CANARIES.name,
      lastName: CANARIES.last,
      question: CANARIES.question,
      listing: { note: CANARIES.listing },
      consent: { text: CANARIES.consent },
      page: { url: `https://dealer.example/?q=${CANARIES.page}`, title: CANARIES.title },
    },
    CANARIES.description,
  );
  const revealed = await gateway('leads', 'show', id, '--reveal', '--json');
  for (const canary of Object.values(CANARIES)) {
    if (canary !== CANARIES.national) t.ok(revealed.out.includes(canary), `${canary} is there to be found`);
  }
  for (const line of LINES) {
    const { out, err } = await gateway(...line.map((word) => (word === 'ID' ? id : word)));
    for (const [name, canary] of Object.entries(CANARIES)) {
      t.notOk(`${out}${err}`.includes(canary), `${name} in: ${line.join(' ')}`);
    }
  }
});
