import t from 'tap';
import { listingDetails } from '../../src/upstream/listing.ts';

const car = { make: 'Citroën', 'trim level': 'a&b; c', price: 19999.5, used: true };

t.test('named values become one text, in their order', async (t) => {
  t.equal(listingDetails(car, 'text'), 'make: Citroën; trim level: a&b; c; price: 19999.5; used: true');
});

t.test('named values become a JSON object whose types are kept', async (t) => {
  t.equal(listingDetails(car, 'json'), '{"make":"Citroën","trim level":"a&b; c","price":19999.5,"used":true}');
});

t.test('named values become a query with escapes', async (t) => {
  t.equal(listingDetails(car, 'urlencoded'), 'make=Citro%C3%ABn&trim+level=a%26b%3B+c&price=19999.5&used=true');
});

t.test('a text is passed as it is, whatever the format', async (t) => {
  for (const format of ['text', 'json', 'urlencoded'] as const) {
    t.equal(listingDetails(' 2019 "Civic" & more\r\n', format), ' 2019 "Civic" & more\r\n');
    t.equal(listingDetails({}, format), undefined);
  }
});
