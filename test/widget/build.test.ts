import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { BUDGET_BYTES, buildWidget } from '../../scripts/build-widget.ts';
import { en } from '../../src/widget/messages/en.ts';

t.test('the build', async (t) => {
  const { entry, hashed, files } = await buildWidget();

  t.test('gives an entry within the budget', async (t) => {
    t.ok(entry.gzip.length <= BUDGET_BYTES, `${entry.gzip.length} of ${BUDGET_BYTES} bytes`);
  });

  t.test('gives each file its integrity and its gzip, and hashes only to what never changes', async (t) => {
    for (const [name, file] of files) {
      t.equal(file.name, name);
      t.equal(file.integrity, `sha384-${createHash('sha384').update(file.body).digest('base64')}`);
      t.ok(gunzipSync(file.gzip).equals(file.body));
      t.equal(file.immutable, /\.[0-9a-f]{12}\.js$/.test(name), name);
    }
    t.ok(hashed.body.equals(entry.body));
  });

  t.test('gives the same bytes and names each time', async (t) => {
    const again = await buildWidget();
    t.strictSame([...again.files.keys()], [...files.keys()]);
    t.ok(again.entry.body.equals(entry.body));
  });

  t.test('has a part for the solver and each language, with and without hash, and the types', async (t) => {
    const names = [...files.keys()].map((name) => name.replace(/[0-9a-f]{12}/, 'HASH'));
    const parts = ['proof', 'ar', 'de', 'es', 'fr'];
    t.strictSame(
      names.sort(),
      ['v1.js', 'v1.HASH.js', 'v1.d.ts', ...parts.flatMap((name) => [`v1.${name}.js`, `v1.${name}.HASH.js`])].sort(),
    );
    t.equal(files.get('v1.d.ts')?.body.toString(), await readFile('src/widget/types.ts', 'utf8'));
    for (const { name, body } of files.values()) {
      if (name.endsWith('.js')) t.notMatch(body.toString(), /\bimport ?[{"*]/, `${name} brings no other file along`);
    }
  });

  t.test('knows each text in each language', async (t) => {
    const keys = Object.keys(en).filter((key) => key !== 'button' && key !== 'heading');
    for (const language of ['ar', 'de', 'es', 'fr']) {
      const { texts } = await import(`../../src/widget/messages/${language}.ts`);
      t.strictSame(Object.keys(texts), keys, language);
      t.match(texts.tooMany, '{when}');
      for (const text of Object.values(texts)) t.match(text, /\S/);
    }
  });
});
