import { createHash } from 'node:crypto';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { WidgetFile, WidgetFiles } from '../../../scripts/build-widget.ts';
import { filledOnce } from '../filled-once.ts';

const ROOT = path.join(import.meta.dirname, '../../..');
/** Everything that the files of the button are made of; the lock file stands for the releases of the bundlers. */
const SOURCES = ['src/widget/*.*', 'src/words/*.ts', 'scripts/build-widget.ts', 'package-lock.json'];
const INDEX = 'files.json';

type Index = { readonly entry: string; readonly hashed: string; readonly files: readonly Omit<WidgetFile, 'body'>[] };

/** The files of the button as a gateway serves them. They are built once for all test files, until a source changes. */
export async function builtWidget(): Promise<WidgetFiles> {
  const sources = SOURCES.flatMap((glob) => globSync(glob, { cwd: ROOT }).sort());
  const hash = createHash('sha256');
  for (const name of sources) hash.update(`${name}\0`).update(readFileSync(path.join(ROOT, name)));
  const folder = await filledOnce(`widget-${hash.digest('hex').slice(0, 16)}`, async (draft) => {
    const { buildWidget } = await import('../../../scripts/build-widget.ts');
    const { entry, hashed, files } = await buildWidget();
    for (const { name, body } of files.values()) writeFileSync(path.join(draft, name), body);
    const index = [...files.values()].map(({ body: _, gzip, ...file }) => ({ ...file, gzip: gzip.toString('base64') }));
    writeFileSync(path.join(draft, INDEX), JSON.stringify({ entry: entry.name, hashed: hashed.name, files: index }));
  });
  const index = JSON.parse(readFileSync(path.join(folder, INDEX), 'utf8')) as Index;
  const files = new Map(
    index.files.map((file) => {
      const gzip = Buffer.from(String(file.gzip), 'base64');
      return [file.name, { ...file, gzip, body: readFileSync(path.join(folder, file.name)) }];
    }),
  );
  return { files, entry: files.get(index.entry) as WidgetFile, hashed: files.get(index.hashed) as WidgetFile };
}
