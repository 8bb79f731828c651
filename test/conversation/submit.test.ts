import t from 'tap';
import { type Attempt, createSubmit } from '../../src/conversation/submit.ts';
import type { Conversation } from '../../src/conversation/types.ts';
import { lead } from '../support/lead.ts';

const queued: Conversation = { id: 'cnv_1', status: 'queued', attempts: 0, createdAt: 1, updatedAt: 1 };
const delivered: Conversation = { ...queued, status: 'delivered', attempts: 1 };

function submit(attempt: Attempt, waitMs: number, faults: unknown[] = []) {
  return createSubmit({
    outbox: { accept: async () => ({ conversation: queued, lease: { id: queued.id, fence: 1 } }) },
    attempt,
    onFault: (error) => void faults.push(error),
    waitMs,
    now: () => 1,
  });
}

t.test('the caller gets the outcome when it comes in time', async (t) => {
  t.strictSame(await submit(async () => delivered, 1_000)(lead(), { requestId: 'r' }), delivered);
});

t.test('the caller gets the stored lead when the outcome takes longer', async (t) => {
  const outcome = Promise.withResolvers<Conversation>();
  t.strictSame(await submit(() => outcome.promise, 1)(lead(), { requestId: 'r' }), queued);
  outcome.resolve(delivered);
});

t.test('a lead that is safe is answered, even when its outcome could not be recorded', async (t) => {
  const faults: unknown[] = [];
  const fault = new Error('disk full');
  t.strictSame(await submit(async () => Promise.reject(fault), 1_000, faults)(lead(), { requestId: 'r' }), queued);
  t.strictSame(faults, [fault]);
});
