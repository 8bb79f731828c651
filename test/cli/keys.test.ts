import { createHash } from 'node:crypto';
import t from 'tap';
import { createSqliteOutbox } from '../../src/store/sqlite/outbox.ts';
import { createVault } from '../../src/store/vault.ts';
import { besideRunning, gateway } from '../support/cli/process.ts';
import { type } from '../support/cli/terminal.ts';
import { withDatabase } from '../support/database.ts';
import { OPTIONS, queued } from '../support/outbox.ts';

const NEW = Buffer.from('abcdefghijklmnopqrstuvwxyz012345').toString('base64');

t.test('after keys rewrap the previous DATA_KEY can be removed, and check says so', async (t) => {
  const { env, parked, gateway: before } = besideRunning(t);
  const id = await parked({ firstName: 'Ann' });
  const rotated = { ...env, DATA_KEY: NEW, DATA_KEY_PREVIOUS: env.DATA_KEY };
  t.match(await gateway(['check'], rotated), {
    code: 0,
    out: /warning +keys +the newest lead opens; 2 stored values still need a key of DATA_KEY_PREVIOUS: run keys rewrap\n/,
  });
  t.match(await gateway(['keys', 'rewrap'], rotated), {
    code: 0,
    out: '2 keys wrapped anew; 0 remain.\n',
    err: '2 of 2\nDATA_KEY_PREVIOUS can be removed.\n',
  });
  t.match(await gateway(['check'], rotated), { out: /ok +keys +.*no value needs DATA_KEY_PREVIOUS any more/ });
  const current = { ...env, DATA_KEY: NEW };
  t.match(await gateway(['leads', 'show', id, '--reveal'], current), { code: 0, out: /firstName +Ann\n/ });
  t.match(await gateway(['check'], current), { out: /ok +keys +the newest lead opens\n/ });
  t.match(await before('check'), { code: 1, out: /problem +keys/ });
  t.match(JSON.parse((await gateway(['audit', '--json'], current)).out).items[1], { action: 'rewrap', count: 2 });
});

t.test(
  'keys rewrap changes nothing a second time, and says what a gateway with the old keys stored meanwhile',
  async (t) => {
    const { env, parked } = besideRunning(t);
    await parked();
    const rotated = { ...env, DATA_KEY: NEW, DATA_KEY_PREVIOUS: env.DATA_KEY };
    const rewrap = async () => JSON.parse((await gateway(['keys', 'rewrap', '--json'], rotated)).out);
    const none = { rewrapped: 0, remaining: 0, refused: 0, unknown: 0, plain: 0 };
    t.strictSame(await rewrap(), { ...none, rewrapped: 2 });
    t.strictSame(await rewrap(), none);
    await parked();
    t.match(await gateway(['check'], rotated), { out: /warning +keys .*2 stored values still need/ });
    t.strictSame(await rewrap(), { ...none, rewrapped: 2 });
  },
);

t.test('keys rewrap fails while values remain, and says why', async (t) => {
  const { env, parked, path, outbox } = besideRunning(t);
  const [from, to] = [await parked(), await parked()];
  const seq = (id: string) => `(SELECT seq FROM conversations WHERE id = '${id}')`;
  withDatabase(path, (database) =>
    database.exec(
      `UPDATE leads SET lead_key = (SELECT lead_key FROM leads WHERE seq = ${seq(from)}) WHERE seq = ${seq(to)}`,
    ),
  );
  const plain = createSqliteOutbox(path, { ...OPTIONS, vault: createVault([]) });
  await queued(plain, 1_000);
  await plain.close();
  const rotated = { ...env, DATA_KEY: NEW, DATA_KEY_PREVIOUS: env.DATA_KEY };
  t.match(await gateway(['keys', 'rewrap'], rotated), {
    code: 1,
    out: '3 keys wrapped anew; 1 remain.\n',
    err: /1 value was altered or moved.*\n1 value is stored without encryption, which is refused\.\n$/,
  });
  t.notOk((await outbox.show(to))?.lead);
  t.match(await gateway(['keys', 'rewrap'], { ...env, DATA_KEY: '' }), { code: 2, err: /^DATA_KEY is not set/ });
});

t.test('keys new --test makes a key that says itself that it is for tests', async (t) => {
  const { code, out } = await type('keys new --test --json');
  t.equal(code, 0);
  const { key, hash } = JSON.parse(out) as { key: string; hash: string };
  t.match(key, /^tcg_test_[\w-]{43}$/);
  t.equal(hash, `sha256:${createHash('sha256').update(key).digest('hex')}`);
  t.match(await type('keys new --test --operator'), { code: 2 });
});
