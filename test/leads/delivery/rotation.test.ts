import t from 'tap';
import type { Outcome } from '../../../src/domain/provider.ts';
import { deliver } from '../../support/delivery.ts';
import { queued, sqliteOutbox } from '../../support/outbox.ts';

const START = 1_000_000;

t.test('calls that are out when the credentials change do not park the provider under the new ones', async (t) => {
  const outbox = sqliteOutbox(t)();
  let credentials = 'old';
  const waiting: ((outcome: Outcome) => void)[] = [];
  const { clock, worker, calls } = await deliver(t, {
    outbox,
    credentials: () => credentials,
    provider: () =>
      credentials === 'new' ? { class: 'delivered' } : new Promise<Outcome>((resolve) => waiting.push(resolve)),
  });
  const ids = await Promise.all(Array.from({ length: 6 }, () => queued(outbox, START)));
  worker.start();
  await clock.advance(1_000);
  t.equal(calls.length, 6);
  credentials = 'new';
  for (const answer of waiting) answer({ class: 'credentials', cause: 'http_401' });
  await clock.advance(1_000);
  t.strictSame(await outbox.parked(), []);
  for (const id of ids) t.match(await outbox.find(id), { status: 'delivered', attempts: 2 });
});
