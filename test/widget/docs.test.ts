import { readFile } from 'node:fs/promises';
import t from 'tap';
import { BUDGET_BYTES } from '../../scripts/build-widget.ts';
import { en } from '../../src/widget/messages/en.ts';

const SOURCES = ['dialog', 'field', 'element'];

t.test('the guide names every attribute, text, slot, part and event that there is', async (t) => {
  const guide = await readFile('docs/button.md', 'utf8');
  const types = await readFile('src/widget/types.ts', 'utf8');
  const sources = (await Promise.all(SOURCES.map((name) => readFile(`src/widget/${name}.ts`, 'utf8')))).join('');
  const style = await readFile('src/widget/style.css', 'utf8');

  const properties = /interface TextUsProperties \{(.*?)\n\}/s.exec(types)?.[1] ?? '';
  const attributes = [...properties.matchAll(/^ {2}(\w+):/gm)].map(([, name = '']) =>
    name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
  );
  t.ok(attributes.length > 10);
  const events = [...types.matchAll(/'(text-us:\w+)': Custom/g)].map(([, name = '']) => name);
  t.equal(events.length, 4);
  const colours = [...style.matchAll(/var\((--text-us-[\w-]+)/g)].map(([, name = '']) => name);
  t.ok(colours.length > 5);
  for (const name of [...attributes, 'lang', 'listing', 'texts', ...Object.keys(en), ...events]) {
    t.match(guide, new RegExp(`\`${name}\``), name);
  }
  for (const name of colours) t.match(guide, new RegExp(`${name}:`), name);
  for (const [, parts = ''] of sources.matchAll(/part: '([\w ]+)'/g)) {
    for (const part of parts.split(' ')) t.match(guide, new RegExp(`\`${part}\``), part);
  }
  t.match(guide, `${BUDGET_BYTES / 1024} KiB`);
});
