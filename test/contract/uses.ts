import type { Test } from 'tap';
import type { Use } from '../../src/conversation/screening.ts';
import { DAY_MS } from '../../src/outbox/ports/days.ts';
import type { Cap } from '../../src/outbox/ports/lead-store.ts';
import { entry, hashing, intake, type OpenOutbox } from '../support/outbox.ts';

const token = (name: string, expiresAt = 10_000): Use => ({ kind: 'form_token', key: Buffer.from(name), expiresAt });
const proof = (name: string): Use => ({ kind: 'proof', key: Buffer.from(name), expiresAt: 10_000 });

/** What every store has to do with suspects, and with what a lead uses up. */
export function usesContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('what one lead used no other can, also after the store was opened anew, until it is over', async (t) => {
    const opening = open(t);
    const first = await opening();
    t.match(await first.accept(intake({ uses: [token('a')] }), 1_000), { kind: 'stored' });
    await first.close();
    const second = await opening();
    t.strictSame(await second.accept(intake({ uses: [token('a')] }), 9_999), { kind: 'used', use: 'form_token' });
    t.match(await second.accept(intake({ uses: [token('a', 20_000)] }), 10_000), { kind: 'stored' }, 'it is over');
    await second.close();
  });

  t.test('of many leads that bring the same thing at the same time one is stored', async (t) => {
    const outbox = await open(t)();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => outbox.accept(intake({ uses: [token('a')] }), 1_000)),
    );
    t.equal(answers.filter(({ kind }) => kind === 'stored').length, 1);
    t.equal(answers.filter(({ kind }) => kind === 'used').length, 19);
    await outbox.close();
  });

  t.test('a lead sent again is the lead that is known, and no second use', async (t) => {
    const outbox = await open(t)();
    const again = intake({ uses: [token('a'), proof('b')] });
    t.match(await outbox.accept(again, 1_000), { kind: 'stored' });
    t.match(await outbox.accept(again, 2_000), { kind: 'known' });
    await outbox.close();
  });

  t.test('a lead that is not stored uses nothing up, counts nowhere, and leaves its key free', async (t) => {
    const outbox = await open(t)();
    await outbox.accept(intake({ uses: [proof('spent')] }), 1_000);
    const cap: Cap = { kind: 'visitor', key: hashing.visitorCap('demo', '192.0.2.1'), max: 1 };
    const refused = intake({ uses: [token('fresh'), proof('spent')], caps: [cap] });
    t.strictSame(await outbox.accept(refused, 1_000), { kind: 'used', use: 'proof' });
    t.equal(await outbox.counted(cap.key, 1_000), 0);
    const mended = { ...refused, uses: [token('fresh'), proof('new')] };
    t.match(await outbox.accept(mended, 1_000), { kind: 'stored' }, 'with another proof it is taken');

    const over = { uses: [token('other')], caps: [cap] };
    t.strictSame(await outbox.accept(intake(over), 1_000), { kind: 'over', cap: 'visitor' });
    t.match(await outbox.accept(intake({ uses: [token('other')] }), 1_000), { kind: 'stored' });
    await outbox.close();
  });

  t.test('what is over is purged, and what is not stays used', async (t) => {
    const outbox = await open(t)();
    await outbox.accept(intake({ uses: [token('over', 5_000), token('lasting', 9_000)] }), 1_000);
    t.equal(await outbox.purge(5_000, 100), 1);
    t.match(await outbox.accept(intake({ uses: [token('lasting')] }), 5_000), { kind: 'used' });
    await outbox.close();
  });

  t.test('a suspect is held for a person, under that cause even where a cap is reached too', async (t) => {
    const outbox = await open(t)();
    const cap: Cap = { kind: 'phone', key: hashing.phoneCap('demo', hashing.phone('+14045551212')), max: 1 };
    for (const caps of [[cap], [cap]]) {
      const accepted = await outbox.accept(intake({ start: { kind: 'held' }, caps }), 1_000);
      t.match(accepted, { kind: 'stored', conversation: { status: 'held', attempts: 0 } });
      t.notOk('lease' in accepted);
    }
    t.equal(await outbox.count({ status: ['held'], cause: ['suspect'] }), 2);
    await outbox.close();
  });

  t.test('a suspect of a suppressed number is held like any other, without its data', async (t) => {
    const outbox = await open(t)();
    const suspect = intake({ start: { kind: 'held' } });
    await outbox.suppress(suspect.phoneHash, entry('suppress', 500));
    const accepted = await outbox.accept(suspect, 1_000);
    t.match(accepted, { kind: 'stored', conversation: { status: 'held', attempts: 0 } });
    t.equal(await outbox.count({ cause: ['suppressed'] }), 1);
    await outbox.close();
  });

  t.test('leads of a counter are told by UTC day', async (t) => {
    const outbox = await open(t)();
    const cap: Cap = { kind: 'visitor', key: hashing.visitorCap('demo', '192.0.2.1'), max: 50 };
    t.equal(await outbox.counted(cap.key, 1_000), 0);
    await outbox.accept(intake({ caps: [cap] }), 1_000);
    await outbox.accept(intake({ caps: [cap] }), 1_000);
    t.equal(await outbox.counted(cap.key, DAY_MS - 1), 2);
    t.equal(await outbox.counted(cap.key, DAY_MS), 0);
    await outbox.close();
  });
}
