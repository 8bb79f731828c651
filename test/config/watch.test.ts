import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { settingsOf } from '../support/config/load.ts';
import { configWith, NOTICED_MS, passwordOf, replaceFile, watched } from '../support/config/watch.ts';

const CONFIG = { CONFIG_FILE: 'config.jsonc' };
const files = () => ({ 'config.jsonc': configWith('word'), word: 'old' });

t.test('a secret is reloaded when another file replaces it', async (t) => {
  const { directory, clock, changes } = watched(t, t.testdir(files()), CONFIG);
  await clock.advance(NOTICED_MS);
  replaceFile(join(directory, 'word'), 'new\n');
  await clock.advance(NOTICED_MS);
  t.strictSame(changes.map(passwordOf), ['new']);
});

t.test('a twin and the configuration file are reloaded, too', async (t) => {
  const { directory, clock, changes } = watched(t, t.testdir({ ...files(), max: '5' }), {
    ...CONFIG,
    PHONE_DAILY_MAX_FILE: 'max',
  });
  await clock.advance(NOTICED_MS);
  writeFileSync(join(directory, 'max'), '6');
  await clock.advance(NOTICED_MS);
  t.equal(changes.at(-1)?.dailyMax.phone, 6);
  appendFileSync(join(directory, 'config.jsonc'), '// only a comment');
  await clock.advance(NOTICED_MS);
  t.equal(changes.length, 1, 'settings that stayed the same are no change');
  replaceFile(join(directory, 'config.jsonc'), configWith('word').replace('Motors', 'Cars'));
  await clock.advance(NOTICED_MS);
  t.equal(changes.at(-1)?.sites.get('motors')?.name, 'Cars');
});

t.test('a secret is reloaded when a symbolic link is swapped, as in Kubernetes', async (t) => {
  const directory = t.testdir(files());
  const secrets = join(directory, 'secrets');
  for (const version of ['v1', 'v2']) {
    mkdirSync(join(secrets, version), { recursive: true });
    // Of one size: what differs is which file it is.
    writeFileSync(join(secrets, version, 'word'), `${version}\n`);
  }
  symlinkSync('v1', join(secrets, '..data'));
  symlinkSync('..data/word', join(secrets, 'word'));
  writeFileSync(join(directory, 'config.jsonc'), configWith('secrets/word'));

  const { clock, changes } = watched(t, directory, CONFIG);
  await clock.advance(NOTICED_MS);
  symlinkSync('v2', join(secrets, '..data_tmp'));
  renameSync(join(secrets, '..data_tmp'), join(secrets, '..data'));
  rmSync(join(secrets, 'v1'), { recursive: true });
  await clock.advance(NOTICED_MS);
  t.strictSame(changes.map(passwordOf), ['v2']);
});

t.test('a file that is still being written is not read until it stops changing', async (t) => {
  const { directory, clock, nextLook, changes, loads } = watched(t, t.testdir(files()), CONFIG);
  await clock.advance(NOTICED_MS);
  const before = loads();
  for (const part of ['a', 'bc', 'def', 'ghij']) {
    appendFileSync(join(directory, 'word'), part);
    await nextLook();
  }
  t.equal(loads(), before, 'it was not read half written');
  await nextLook();
  t.strictSame(changes.map(passwordOf), ['oldabcdefghij']);
});

t.test('a change between the first read and the first check is noticed', async (t) => {
  const directory = t.testdir(files());
  const { clock, changes } = watched(t, directory, CONFIG, () => replaceFile(join(directory, 'word'), 'new'));
  await clock.advance(NOTICED_MS);
  t.strictSame(changes.map(passwordOf), ['new']);
});

t.test('a file that the configuration names for the first time is watched from then on', async (t) => {
  const { directory, clock, changes } = watched(t, t.testdir({ ...files(), other: 'other' }), CONFIG);
  await clock.advance(NOTICED_MS);
  replaceFile(join(directory, 'config.jsonc'), configWith('other'));
  await clock.advance(NOTICED_MS);
  replaceFile(join(directory, 'other'), 'another');
  await clock.advance(NOTICED_MS);
  t.strictSame(changes.map(passwordOf), ['other', 'another']);
});

t.test('unchanged files are read once more after the start, and never again', async (t) => {
  const { clock, changes, loads } = watched(t, t.testdir(files()), CONFIG);
  await clock.advance(60_000);
  t.equal(loads(), 1);
  t.strictSame(changes, []);
});

t.test('without any file nothing is read', async (t) => {
  const { clock, loads } = watched(t, t.testdir(), {});
  await clock.advance(60_000);
  t.equal(loads(), 0);
});

t.test('an explicit reload reads at once and returns its result', async (t) => {
  const { directory, watch, changes, refusals } = watched(t, t.testdir(files()), CONFIG);
  t.equal(await watch.reload(), 'unchanged');
  writeFileSync(join(directory, 'word'), 'new');
  t.equal(await watch.reload(), 'changed');
  writeFileSync(join(directory, 'word'), '');
  t.equal(await watch.reload(), 'refused');
  t.strictSame(changes.map(passwordOf), ['new']);
  t.equal(refusals.length, 1);
});

t.test('a change that an explicit reload has already reported is not reported again', async (t) => {
  const { directory, clock, nextLook, watch, refusals } = watched(t, t.testdir(files()), CONFIG);
  await clock.advance(NOTICED_MS);
  writeFileSync(join(directory, 'word'), '');
  await nextLook();
  t.equal(refusals.length, 0);
  await watch.reload();
  await clock.advance(60_000);
  t.equal(refusals.length, 1);
});

t.test('after stop nothing is read', async (t) => {
  const { directory, clock, watch, loads } = watched(t, t.testdir(files()), CONFIG);
  watch.stop();
  writeFileSync(join(directory, 'word'), 'new');
  await clock.advance(60_000);
  t.equal(loads(), 0);
  t.equal(clock.next(), undefined, 'no timer is left');
});

const ENV = { CONFIG_FILE: 'config.jsonc', PHONE_DAILY_MAX_FILE: 'max' };
const twoFiles = () => ({ 'config.jsonc': configWith('word'), word: 'old', max: '5' });

t.test('a change with mistakes is refused with all of them, quotes no value, and replaces no settings', async (t) => {
  const { directory, clock, changes, refusals } = watched(t, t.testdir(twoFiles()), ENV);
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

t.test('settings take effect once they are corrected', async (t) => {
  const { directory, clock, changes, refusals, mended } = watched(t, t.testdir(twoFiles()), ENV);
  await clock.advance(NOTICED_MS);
  replaceFile(join(directory, 'config.jsonc'), '{');
  await clock.advance(NOTICED_MS);
  t.equal(refusals.length, 1);
  replaceFile(join(directory, 'word'), 'new');
  await clock.advance(NOTICED_MS);
  t.equal(refusals.length, 2, 'a further change that is still invalid is reported again');
  t.equal(mended.length, 0);
  replaceFile(join(directory, 'config.jsonc'), configWith('word'));
  await clock.advance(NOTICED_MS);
  t.strictSame(changes.map(passwordOf), ['new']);
  t.equal(mended.length, 1);
});

t.test('a missing file is refused once, and read when it appears', async (t) => {
  const { directory, clock, changes, refusals } = watched(t, t.testdir(twoFiles()), ENV);
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

t.test('a file that disappears and returns unchanged is one refusal and no change', async (t) => {
  const { directory, clock, changes, refusals, mended } = watched(t, t.testdir(twoFiles()), ENV);
  await clock.advance(NOTICED_MS);
  rmSync(join(directory, 'word'));
  await clock.advance(NOTICED_MS);
  t.equal(refusals.length, 1);
  t.equal(mended.length, 0);
  writeFileSync(join(directory, 'word'), 'old');
  await clock.advance(NOTICED_MS);
  t.equal(refusals.length, 1);
  t.equal(mended.length, 1, 'that they are valid again is told all the same');
  t.strictSame(changes, []);
});
