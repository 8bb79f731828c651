import t from 'tap';
import { systemClock } from '../../../src/conversation/clock.ts';
import { DAY_MS } from '../../../src/outbox/ports/days.ts';
import { createPostgresOutbox } from '../../../src/outbox/postgres/outbox.ts';
import { intake, leased, OPTIONS } from '../../support/outbox.ts';
import { startPostgres } from '../../support/postgres.ts';

const server = await startPostgres();

t.test('a replica whose clock is wrong takes nothing in, takes nothing over and removes nothing', async (t) => {
  const address = await server.database();
  const right = await createPostgresOutbox(address, { ...OPTIONS, poolMax: 2 });
  const clock = { ...systemClock, now: () => systemClock.now() + 40 * DAY_MS };
  const wrong = await createPostgresOutbox(address, { ...OPTIONS, poolMax: 2, owner: 'process-2', clock });
  t.teardown(() => Promise.all([right.close(), wrong.close()]));

  const running = await leased(right, systemClock.now());
  const done = await leased(right, systemClock.now());
  await right.settle(done, { status: 'delivered', attempted: true }, systemClock.now());
  const refused = { name: 'StorageUnavailable', message: /too far apart/ };
  await t.rejects(wrong.accept(intake(), clock.now()), refused);
  await t.rejects(wrong.claim({ providers: ['default'], limit: 9, now: clock.now() }), refused);
  await t.rejects(wrong.claimProbe('default', clock.now()), refused);
  await t.rejects(wrong.renew([running], clock.now()), refused);
  await t.rejects(wrong.expire(clock.now() - 30 * DAY_MS, 100), refused);
  await t.rejects(wrong.purge(clock.now(), 100), refused);
  t.match(await right.show(done.id), { erased: false });
  t.match(await right.settle(running, { status: 'delivered', attempted: true }, systemClock.now()), {
    conversation: { status: 'delivered' },
  });
});
