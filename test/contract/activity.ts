import type { Test } from 'tap';
import type { ReplicaState } from '../../src/domain/ports/activity-store.ts';
import type { OpenOutbox } from '../support/outbox.ts';

const KEEP = { forgetBefore: 0, goneBefore: 0 };
const state = (changes: Partial<ReplicaState> = {}) => ({
  version: '1.0.0',
  startedAt: 1_000,
  seenAt: 2_000,
  breakers: {},
  settingsRefused: false,
  ...changes,
});

/** What every store has to do with the counts and states that operators see. */
export function activityContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('counts of all processes are added up by minute and kind, from a minute on', async (t) => {
    const opening = open(t);
    const [one, two] = [await opening({ owner: 'one' }), await opening({ owner: 'two' })];
    await one.recordActivity(state(), [{ minute: 7, kind: 'delivered', count: 2 }], KEEP);
    await one.recordActivity(
      state(),
      [
        { minute: 7, kind: 'delivered', count: 1 },
        { minute: 8, kind: 'unknown', count: 4 },
      ],
      KEEP,
    );
    await Promise.all([
      one.recordActivity(state(), [{ minute: 8, kind: 'delivered', count: 1 }], KEEP),
      two.recordActivity(state(), [{ minute: 8, kind: 'delivered', count: 5 }], KEEP),
    ]);
    t.strictSame(await two.activity(7), [
      { minute: 7, kind: 'delivered', count: 3 },
      { minute: 8, kind: 'delivered', count: 6 },
      { minute: 8, kind: 'unknown', count: 4 },
    ]);
    t.strictSame((await two.activity(8)).length, 2);
    await one.recordActivity(state(), [], { ...KEEP, forgetBefore: 8 });
    t.strictSame(
      (await two.activity(0)).map(({ minute }) => minute),
      [8, 8],
    );
    await Promise.all([one.close(), two.close()]);
  });

  t.test('each process is known as it last described itself, until it stops or is not seen for long', async (t) => {
    const opening = open(t);
    const [one, two] = [await opening({ owner: 'one' }), await opening({ owner: 'two' })];
    const last = state({ seenAt: 9_000, breakers: { 'https://a.example': 'open' }, limits: 'local' });
    await one.recordActivity(state(), [], KEEP);
    await one.recordActivity(last, [], KEEP);
    await two.recordActivity(state({ settingsRefused: true }), [], KEEP);
    t.strictSame(await two.replicas(), [
      { owner: 'one', ...last },
      { owner: 'two', ...state({ settingsRefused: true }) },
    ]);
    await one.recordActivity(last, [], { ...KEEP, goneBefore: 2_001 });
    t.strictSame(
      (await two.replicas()).map(({ owner }) => owner),
      ['one'],
    );
    await one.forgetReplica();
    t.strictSame(await two.replicas(), []);
    await Promise.all([one.close(), two.close()]);
  });
}
