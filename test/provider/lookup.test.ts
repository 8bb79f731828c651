import t from 'tap';
import { createSharedLookup, type Lookup } from '../../src/provider/lookup.ts';

type Query = { readonly hostname: string; readonly answer: Parameters<Lookup>[2] };

/** A name server that answers when the test says so. */
function silentServer() {
  const queries: Query[] = [];
  const lookup = createSharedLookup((hostname, _options, answer) => void queries.push({ hostname, answer }));
  const ask = (hostname: string, options = {}): Promise<unknown> =>
    new Promise((resolve) => lookup(hostname, options, (...answer) => resolve(answer)));
  return { queries, ask };
}

t.test('calls to one host share the query under way, whether it succeeds or fails', async (t) => {
  const { queries, ask } = silentServer();
  const answers = [ask('a.example'), ask('a.example'), ask('b.example')];
  t.strictSame(
    queries.map(({ hostname }) => hostname),
    ['a.example', 'b.example'],
  );
  queries[0]?.answer(null, '192.0.2.1', 4);
  const failed = Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
  queries[1]?.answer(failed, '');
  t.strictSame(await Promise.all(answers), [
    [null, '192.0.2.1', 4],
    [null, '192.0.2.1', 4],
    [failed, ''],
  ]);
});

t.test('a call after the answer asks anew, and so does one with other options', async (t) => {
  const { queries, ask } = silentServer();
  const first = ask('a.example');
  queries[0]?.answer(null, '192.0.2.1', 4);
  await first;
  void ask('a.example');
  void ask('a.example', { all: true });
  t.equal(queries.length, 3);
});
