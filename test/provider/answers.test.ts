import t from 'tap';
import { createProviderClient } from '../../src/provider/client.ts';
import { lead } from '../support/lead.ts';
import { BROKEN, UNREADABLE } from './answers/faulty.ts';
import { DELIVERED, FAILURES, STATUSES } from './answers/readable.ts';
import { account, type Case, NOW, rawServer } from './support.ts';

const GROUPS: Record<string, readonly Case[]> = {
  'answers that say Success': DELIVERED,
  'answers that cannot be read': UNREADABLE,
  'answers that break off': BROKEN,
  'other HTTP statuses': STATUSES,
  Failures: FAILURES,
};

for (const [group, cases] of Object.entries(GROUPS)) {
  t.test(group, async (t) => {
    for (const one of cases) {
      await t.test(`${one.name} is ${one.class}`, async (t) => {
        const { url, requests } = await rawServer(t, one.wire);
        const timeoutMs = one.timeoutMs ?? 10_000;
        const provider = createProviderClient({ account: () => account({ url }), timeoutMs, now: () => NOW });
        t.teardown(() => provider.close());

        const { outcome } = await provider.send(lead(one.lead));

        const { class: kind, cause, reason, retryAfterMs } = one;
        t.match(outcome, { class: kind, ...(cause ? { cause } : {}), ...(reason ? { reason } : {}) });
        t.equal('retryAfterMs' in outcome ? outcome.retryAfterMs : undefined, retryAfterMs);
        t.equal(requests.length, 1, 'one call was made, and none repeated or redirected');
      });
    }
  });
}
