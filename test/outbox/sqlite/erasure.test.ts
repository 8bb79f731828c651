import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { DAY_MS } from '../../../src/outbox/ports/days.ts';
import type { Outbox } from '../../../src/outbox/ports/outbox.ts';
import { createVault } from '../../../src/outbox/vault.ts';
import { ERASURE, fill, LEADS, NUMBER, ONE_IN, some } from '../../support/filled.ts';
import { entry, sqliteOutbox } from '../../support/outbox.ts';
import { needles, traces } from '../../support/traces.ts';

type Filled = { outbox: Outbox; path: string; searched: Map<string, Uint8Array> };

/** A store without encryption in which leads of one number lie among many others. */
async function filled(t: Test, expiresAt: number): Promise<Filled> {
  const outbox = sqliteOutbox(t)({ vault: createVault([]), leaseMs: 1 });
  t.teardown(() => outbox.close());
  const canaries = await fill(outbox, expiresAt);
  const path = join(t.testdirName, 'gateway.db');
  const searched = needles(canaries);
  t.ok(canaries.length >= LEADS / ONE_IN);
  t.strictSame(traces(path, searched), [...searched.keys()], 'everything is there to be found before');
  return { outbox, path, searched };
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
  const erasure = outbox.erase(NUMBER, { now: DAY_MS, audit: ERASURE }).then((count) => {
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
  await outbox.erase(NUMBER, { now: DAY_MS, audit: ERASURE });
  await Promise.all(Array.from({ length: 500 }, (_, n) => outbox.accept(some(n * ONE_IN + 1, 0), DAY_MS)));
  t.strictSame(traces(path, searched), []);
});

t.test('of a suppressed number its hash is left in the suppression alone', async (t) => {
  const { outbox, path, searched } = await filled(t, Number.MAX_SAFE_INTEGER);
  await outbox.suppress(NUMBER, entry('suppress', 1_000));
  await Promise.all(Array.from({ length: 500 }, () => outbox.suppress(randomBytes(16), entry('suppress', 1_000))));
  await outbox.erase(NUMBER, { now: DAY_MS, audit: ERASURE });
  t.strictSame(traces(path, searched), ['hash of the number']);
  await outbox.unsuppress(NUMBER, entry('unsuppress', 2_000));
  t.strictSame(traces(path, searched), [], 'and nowhere once it is off the list');
});

t.test('after retention no byte of an expired lead is left', async (t) => {
  const { outbox, path, searched } = await filled(t, DAY_MS);
  while ((await outbox.expire(DAY_MS, 300)) > 0);
  while ((await outbox.purge(2 * DAY_MS, 300)) > 0);
  await outbox.scrub();
  t.strictSame(traces(path, searched), []);
  t.equal(await outbox.count({}), LEADS);
});
