import t from 'tap';
import { leadOf, type Reply, send } from '../support/caller.ts';
import { startFleet } from '../support/fleet.ts';
import { startPostgres } from '../support/postgres.ts';
import { scaled } from '../support/scale.ts';

const KEYS = scaled(100, 1_000);
/** Of one key, at each of the three replicas at once. */
const POSTS = 2;
const AT_ONCE = 4;

t.setTimeout(scaled(120_000, 900_000));
const server = await startPostgres();

const allOf = <T>(count: number, make: (n: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, n) => make(n)));

t.test(
  `${KEYS} keys, each posted to three replicas at once: one lead and one call each, and equal answers`,
  async (t) => {
    const fleet = await startFleet(t, server, 3);
    await fleet.provider.answer('delivered', { delayMs: 20 });
    const wrong: unknown[] = [];
    const ids = new Map<number, unknown>();
    const statuses = new Set<number>();
    const judge = (n: number, replies: readonly Reply[]): void => {
      for (const { status } of replies) statuses.add(status);
      const taken = replies.filter(({ status }) => status === 201 || status === 202);
      const told = new Set(taken.map(({ body }) => body.id));
      const delivered = new Set(taken.filter(({ status }) => status === 201).map(({ body }) => JSON.stringify(body)));
      const early = replies.filter(({ status, body }) => status === 409 && body.code === 'idempotency_in_progress');
      if (told.size !== 1 || delivered.size > 1 || taken.length + early.length !== replies.length)
        wrong.push(replies.map(({ status, body }) => [status, body]));
      ids.set(n, [...told][0]);
    };
    for (let first = 0; first < KEYS; first += AT_ONCE) {
      await allOf(Math.min(AT_ONCE, KEYS - first), async (offset) => {
        const n = first + offset;
        const post = () => send(fleet.next(), leadOf(n), { 'idempotency-key': `key-${n}` });
        judge(n, await allOf(3 * POSTS, post));
        // Whoever was told to ask again is told what became of it.
        judge(n, [await post()]);
      });
    }
    t.strictSame(wrong, []);
    t.ok(statuses.has(409), 'they did meet');
    const rows = await fleet.settled(20_000);
    t.strictSame(rows.map(({ id }) => id).sort(), [...ids.values()].sort());
    t.ok(rows.every(({ status }) => status === 'delivered'));
    t.strictSame([...new Set(await fleet.received(ids.keys()))], [1]);
  },
);
