import t from 'tap';
import { createReadThrough } from '../../src/lib/cache.ts';

/** A cache over a map, with the keys of each read. */
function cacheOver(values: Map<string, number>, max = 3) {
  const reads: string[][] = [];
  let gate: Promise<void> = Promise.resolve();
  const cache = createReadThrough<number>({
    async read(keys) {
      reads.push([...keys]);
      const found = new Map([...values].filter(([key]) => keys.includes(key)));
      await gate;
      return found;
    },
    max,
  });
  const hold = (until: Promise<void>): void => {
    gate = until;
  };
  return { cache, reads, hold };
}

t.test('a value is read once, and is then there without a promise', async (t) => {
  const { cache, reads } = cacheOver(new Map([['a', 1]]));
  t.equal(cache.peek('a'), undefined);
  t.equal(await cache.find('a'), 1);
  t.equal(cache.find('a'), 1);
  t.equal(cache.peek('a'), 1);
  t.strictSame(reads, [['a']]);
});

t.test('a key without a value is asked for once, too', async (t) => {
  const { cache, reads } = cacheOver(new Map());
  t.equal(await cache.find('x'), undefined);
  t.notOk(cache.find('x') instanceof Promise);
  t.equal(cache.peek('x'), null);
  t.strictSame(reads, [['x']]);
});

t.test('keys of one turn share a read, and keys that come during a read share the next', async (t) => {
  const { cache, reads, hold } = cacheOver(new Map([['a', 1]]), 100);
  const gate = Promise.withResolvers<void>();
  hold(gate.promise);
  const first = [cache.find('a'), cache.find('b'), cache.find('a')];
  await new Promise(setImmediate);
  const second = [cache.find('c'), cache.find('d')];
  gate.resolve();
  t.strictSame(await Promise.all([...first, ...second]), [1, undefined, 1, undefined, undefined]);
  t.strictSame(reads, [
    ['a', 'b'],
    ['c', 'd'],
  ]);
});

t.test('the keys that are used stay, and those that are not are dropped', async (t) => {
  const { cache } = cacheOver(new Map(), 3);
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) {
    await cache.find(key);
    cache.peek('a');
  }
  t.equal(cache.peek('a'), null);
  t.equal(cache.peek('b'), undefined);
});

t.test('what was forgotten during its read is read again', async (t) => {
  const values = new Map([['a', 1]]);
  const { cache, hold } = cacheOver(values);
  const gate = Promise.withResolvers<void>();
  hold(gate.promise);
  const before = cache.find('a');
  await new Promise(setImmediate);
  values.set('a', 2);
  cache.forget('a');
  gate.resolve();
  t.equal(await before, 1);
  t.equal(await cache.find('a'), 2);
  cache.clear();
  t.equal(cache.peek('a'), undefined);
});

t.test('a failed read fails its callers, and the next caller reads again', async (t) => {
  let fails = true;
  const cache = createReadThrough<number>({
    async read() {
      if (fails) throw new Error('away');
      return new Map([['a', 1]]);
    },
    max: 9,
  });
  await t.rejects(Promise.resolve(cache.find('a')), /away/);
  fails = false;
  t.equal(await cache.find('a'), 1);
});
