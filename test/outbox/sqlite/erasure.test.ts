import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { DAY_MS } from '../../../src/outbox/days.ts';
import type { Cap, Intake, Outbox } from '../../../src/outbox/port.ts';
import type { AuditEntry } from '../../../src/outbox/records.ts';
import { createVault } from '../../../src/outbox/vault.ts';
import { lead } from '../../support/lead.ts';
import { entry, hashing, intake, sqliteOutbox } from '../../support/outbox.ts';
import { canary, needles, traces } from '../../support/traces.ts';

const NUMBER = hashing.phone('+14045559876');
const AUDIT: AuditEntry = { at: DAY_MS, actor: 'cli:ann', action: 'erase', count: 0, detail: 'one number' };
const LEADS = 2_000;
const ONE_IN = 40;

type Filled = { outbox: Outbox; path: string; searched: Map<string, Uint8Array> };

/**
 * A store without encryption in which leads of one number lie among many others, after all that happens to leads: left by
 * a dead process, claimed, tried again, refused with the provider's words, delivered.
 */
async function filled(t: Test, expiresAt: number): Promise<Filled> {
  const plain = { vault: createVault([]), leaseMs: 1 };
  const outbox = sqliteOutbox(t)(plain);
  t.teardown(() => outbox.close());
  const canaries: Intake[] = [];
  for (let from = 0; from < LEADS; from += 50) {
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => {
        const one = some(from + index, expiresAt);
        if (one.phoneHash.toString() === NUMBER.toString()) canaries.push(one);
        return outbox.accept(one, 1_000);
      }),
    );
  }
  for (let round = 0; round < 3; round += 1) {
    const now = 10_000 + round * 1_000;
    const claims = await outbox.claim({ providers: ['default'], limit: LEADS, now });
    await Promise.all(
      claims.map(({ lease, lead: { phone } }, index) => {
        const who = phone.e164 === '+14045559876' ? 'canary-description' : 'somebody';
        const description = `${who} is refused ${'z'.repeat((index * 7) % 90)}`;
        const again = round < 2 && index % 3 === 0;
        const end = again
          ? ({ status: 'queued', dueAt: now + 500 } as const)
          : ({ status: 'rejected', reason: 'other' } as const);
        return outbox.settle(lease, { ...end, attempted: true, ...(index % 2 === 0 && { description }) }, now);
      }),
    );
  }
  const path = join(t.testdirName, 'gateway.db');
  const searched = needles(canaries);
  t.ok(canaries.length >= LEADS / ONE_IN);
  t.strictSame(traces(path, searched), [...searched.keys()], 'everything is there to be found before');
  return { outbox, path, searched };
}

function some(n: number, expiresAt: number): Intake {
  const e164 = `+1212555${String(n).padStart(4, '0')}`;
  const others = lead({
    phone: { e164, callingCode: '1', national: e164.slice(2) },
    question: 'y'.repeat((n * 53) % 700),
  });
  const content = n % ONE_IN === 0 ? canary(n) : others;
  const caps: Cap[] = [{ kind: 'phone', key: hashing.phoneCap('demo', hashing.phone(content.phone.e164)), max: LEADS }];
  const made = intake({ lead: content, caps, start: n % 2 === 0 ? { kind: 'due', at: 1_000 } : { kind: 'leased' } });
  return { ...made, request: { ...made.request, expiresAt } };
}

async function reader(t: Test, path: string): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, '../../support/database-reader.ts'), [path]);
  t.teardown(async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  t.strictSame((await once(child, 'message'))[0], 'reading');
  return child;
}

t.test('after an erasure no byte of a number is left, although another program has the file open', async (t) => {
  const { outbox, path, searched } = await filled(t, Number.MAX_SAFE_INTEGER);
  const child = await reader(t, path);
  let resolved = false;
  const erasure = outbox.erase(NUMBER, { now: DAY_MS, audit: AUDIT }).then((count) => {
    resolved = true;
    return count;
  });
  await outbox.ready();
  t.equal(await outbox.count({ phoneHash: NUMBER }), 0, 'the erasure stands');
  t.ok(traces(path, searched).length > 0, 'and the reader still sees what was');
  t.notOk(resolved, 'so that it cannot be said to be done');
  child.send('end');
  t.equal(await erasure, LEADS / ONE_IN);
  t.strictSame(traces(path, searched), []);
  t.equal(await outbox.count({}), LEADS, 'nothing else is gone');
});

t.test('what is written after an erasure brings nothing back', async (t) => {
  const { outbox, path, searched } = await filled(t, Number.MAX_SAFE_INTEGER);
  await outbox.erase(NUMBER, { now: DAY_MS, audit: AUDIT });
  await Promise.all(Array.from({ length: 500 }, (_, n) => outbox.accept(some(n * ONE_IN + 1, 0), DAY_MS)));
  t.strictSame(traces(path, searched), []);
});

t.test('of a suppressed number its hash is left in the suppression alone', async (t) => {
  const { outbox, path, searched } = await filled(t, Number.MAX_SAFE_INTEGER);
  await outbox.suppress(NUMBER, entry('suppress', 1_000));
  await outbox.erase(NUMBER, { now: DAY_MS, audit: AUDIT });
  t.strictSame(traces(path, searched), ['hash of the number']);
  await outbox.unsuppress(NUMBER, entry('unsuppress', 2_000));
  await outbox.scrub();
  t.strictSame(traces(path, searched), []);
});

t.test('after retention no byte of an expired lead is left', async (t) => {
  const { outbox, path, searched } = await filled(t, DAY_MS);
  while ((await outbox.expire(DAY_MS, 300)) > 0);
  while ((await outbox.purge(2 * DAY_MS, 300)) > 0);
  await outbox.scrub();
  t.strictSame(traces(path, searched), []);
  t.equal(await outbox.count({}), LEADS);
});
