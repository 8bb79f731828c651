import t from 'tap';
import type { Outcome } from '../../../src/domain/provider.ts';
import { deliver } from '../../support/delivery.ts';
import { queued, sqliteOutbox } from '../../support/outbox.ts';

const NOT_SENT: Outcome = { class: 'not_sent', cause: 'http_503' };
const UNKNOWN: Outcome = { class: 'unknown', cause: 'reset' };
const START = 1_000_000;

for (const [order, script] of [
  ['last', [NOT_SENT, UNKNOWN]],
  ['first', [UNKNOWN, NOT_SENT]],
] as const) {
  t.test(
    `a lead that may have arrived by its ${order} call is unknown, and its release a possible repeat`,
    async (t) => {
      const outbox = sqliteOutbox(t)();
      const { clock, worker, reports } = await deliver(t, {
        outbox,
        rules: { scheduleS: [1] },
        provider: (_, call) => script[call - 1] ?? { class: 'delivered' },
      });
      const id = await queued(outbox, START);
      worker.start();
      await clock.advance(60_000);
      t.match(await outbox.show(id), { status: 'unknown', attempts: 2, mayHaveArrived: true });
      const release = { at: clock.now(), actor: 'admin', action: 'release', count: 0, detail: '' } as const;
      t.strictSame(await outbox.requeue({ cause: ['schedule'] }, 9, release), [], 'not with those that never arrived');
      await outbox.requeue({ ids: [id] }, 9, release);
      worker.kick();
      await clock.settle();
      t.match(await outbox.find(id), { status: 'delivered' });
      t.strictSame(
        reports.map(({ context }) => context.mayHaveArrived),
        [false, order === 'first', true],
      );
    },
  );
}
