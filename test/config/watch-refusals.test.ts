import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { settingsOf } from './helper.ts';
import { configWith, NOTICED_MS, passwordOf, replaceFile, watched } from './watch-helper.ts';

const ENV = { CONFIG_FILE: 'config.jsonc', PHONE_DAILY_MAX_FILE: 'max' };
const files = () => ({ 'config.jsonc': configWith('word'), word: 'old', max: '5' });

t.test('a change with mistakes is refused with all of them and no value, and no settings come of it', async (t) => {
  const { directory, clock, changes, refusals } = watched(t, t.testdir(files()), ENV);
  await clock.advance(NOTICED_MS);
  writeFileSync(join(directory, 'max'), 'canary');
  writeFileSync(join(directory, 'word'), 'canary\ncanary');
  await clock.advance(NOTICED_MS);
  t.strictSame(
    refusals.map(({ problems }) => settingsOf(problems)),
    [['PHONE_DAILY_MAX_FILE', 'CONFIG_FILE: /providers/main/passwordFile']],
  );
  t.notMatch(refusals[0]?.stack, /canary/);
  t.strictSame(changes, []);
});

t.test('once it is put right, it holds', async (t) => {
  const { directory, clock, changes, refusals } = watched(t, t.testdir(files()), ENV);
  await clock.advance(NOTICED_MS);
  replaceFile(join(directory, 'config.jsonc'), '{');
  await clock.advance(NOTICED_MS);
  t.equal(refusals.length, 1);
  replaceFile(join(directory, 'word'), 'new');
  await clock.advance(NOTICED_MS);
  t.equal(refusals.length, 2, 'whoever changes something is told that it does not hold yet');
  replaceFile(join(directory, 'config.jsonc'), configWith('word'));
  await clock.advance(NOTICED_MS);
  t.strictSame(changes.map(passwordOf), ['new']);
});

t.test('a file that is missing is refused once, and read when it comes', async (t) => {
  const { directory, clock, changes, refusals } = watched(t, t.testdir(files()), ENV);
  await clock.advance(NOTICED_MS);
  replaceFile(join(directory, 'config.jsonc'), configWith('later'));
  await clock.advance(60_000);
  t.strictSame(
    refusals.map(({ problems }) => settingsOf(problems)),
    [['CONFIG_FILE: /providers/main/passwordFile']],
  );
  writeFileSync(join(directory, 'later'), 'new');
  await clock.advance(NOTICED_MS);
  t.strictSame(changes.map(passwordOf), ['new']);
});

t.test('a file that goes and comes back as it was is a refusal, and then no change', async (t) => {
  const { directory, clock, changes, refusals } = watched(t, t.testdir(files()), ENV);
  await clock.advance(NOTICED_MS);
  rmSync(join(directory, 'word'));
  await clock.advance(NOTICED_MS);
  t.equal(refusals.length, 1);
  writeFileSync(join(directory, 'word'), 'old');
  await clock.advance(NOTICED_MS);
  t.equal(refusals.length, 1);
  t.strictSame(changes, []);
});
