import t from 'tap';
import { CAUSES, describeQuery, readFilter, readTime } from '../../../src/admin/operations/input.ts';
import { hashing } from '../../support/outbox.ts';

const NOW = Date.parse('2026-11-24T12:00:00Z');

t.test('a query is converted to the filter of the store', async (t) => {
  const filter = readFilter(
    { status: ['held'], cause: ['phone_cap'], site: 'demo', since: '24h', until: '2026-11-24' },
    hashing,
    NOW,
  );
  t.strictSame(filter, {
    status: ['held'],
    cause: ['phone_cap'],
    site: 'demo',
    since: NOW - 86_400_000,
    until: Date.parse('2026-11-24T00:00:00Z'),
  });
});

t.test('a number has the same hash in every spelling', async (t) => {
  const expected = { phoneHash: hashing.phone('+14045551212') };
  t.strictSame(readFilter({ phone: ' +1 (404) 555-1212' }, hashing, NOW), expected);
  t.strictSame(readFilter({ phone: '404.555.1212', country: 'US' }, hashing, NOW), expected);
});

t.test('an error names the invalid field and never quotes a number', async (t) => {
  const cases = [
    [{ status: ['open'] }, /^status: use queued, delivered/],
    [{ cause: ['bad luck'] }, /^cause: use phone_cap/],
    [{ since: 'yesterday' }, /^since: use 2026-11-24/],
    [{ until: '2026-13-45' }, /^until: use/],
    [{ phone: '6175551299' }, /^phone: write the number with its country code/],
    [{ phone: '+1 617' }, /^phone: /],
    [{ phone: '617-555-1299', country: 'XX' }, /^phone: Is not a country/],
    [{ country: 'US' }, /^country: /],
  ] as const;
  for (const [query, message] of cases) {
    t.throws(() => readFilter(query, hashing, NOW), { code: 'invalid', message }, JSON.stringify(query));
    t.throws(() => readFilter(query, hashing, NOW), { message: /^(?!.*617)/ });
  }
});

t.test('a time is a UTC date, a time with its zone, or a duration before now', async (t) => {
  t.equal(readTime('since', '2026-11-24', NOW), Date.parse('2026-11-24T00:00:00Z'));
  t.equal(readTime('since', '2026-11-24T09:00+01:00', NOW), Date.parse('2026-11-24T08:00:00Z'));
  t.equal(readTime('since', '90m', NOW), NOW - 5_400_000);
  t.equal(readTime('since', '7d', NOW), NOW - 7 * 86_400_000);
  for (const text of ['2026-11-24T09:00', '0x10', '7', '7w', '1e3d', '24 h']) {
    t.throws(() => readTime('since', text, NOW), { code: 'invalid' }, text);
  }
});

t.test('the description of a query for the audit holds no number', async (t) => {
  t.equal(describeQuery({ phone: '+14045551212', country: 'US' }), 'phone=given');
  t.equal(describeQuery({ status: ['held', 'parked'], site: 'demo' }), 'status=held,parked site=demo');
  t.equal(describeQuery({ ids: ['cnv_a', 'cnv_b'] }), 'ids=cnv_a,cnv_b');
  t.equal(describeQuery({ ids: ['1', '2', '3', '4'] }), 'ids=4 of them');
  t.equal(describeQuery({}), 'all');
});

t.test('every cause is explained', async (t) => {
  for (const [cause, words] of Object.entries(CAUSES)) t.ok(words.length > 10, cause);
});
