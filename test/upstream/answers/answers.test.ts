import t from 'tap';
import { createUpstream } from '../../../src/upstream/client.ts';
import { lead } from '../../support/lead.ts';
import { account } from '../account.ts';
import { BROKEN } from './broken.ts';
import { FAILURES } from './failures.ts';
import { rawServer } from './raw-server.ts';
import { STATUSES } from './statuses.ts';
import { DELIVERED } from './success.ts';
import { UNREADABLE } from './unreadable.ts';
import { type Case, NOW } from './wire.ts';

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
        const upstream = createUpstream({ provider: () => account({ url }), timeoutMs, now: () => NOW });
        t.teardown(() => upstream.close());

        const { outcome } = await upstream.send(lead(one.lead));

        const { class: kind, cause, reason, retryAfterMs } = one;
        t.match(outcome, { class: kind, ...(cause ? { cause } : {}), ...(reason ? { reason } : {}) });
        t.equal('retryAfterMs' in outcome ? outcome.retryAfterMs : undefined, retryAfterMs);
        t.equal(requests.length, 1, 'one call was made, and none repeated or redirected');
      });
    }
  });
}
