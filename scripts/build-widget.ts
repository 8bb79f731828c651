import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import zopfli from '@gfx/zopfli';
import { type BuildOptions, build, transform } from 'esbuild';
import { minify } from 'terser';
import { LANGUAGES } from '../src/words/languages.ts';

/** Limits on gzipped sizes: of what every visitor loads before a click, and of that with the dialog and the solver. */
export const BUDGET_BYTES = { entry: 4 * 1024, all: 14 * 1024 } as const;

const FOLDER = path.join(import.meta.dirname, '../src/widget');
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.ts': 'text/plain; charset=utf-8',
};

/** One file as it is served under `/widget/`. */
export type WidgetFile = {
  readonly name: string;
  readonly type: string;
  readonly body: Buffer;
  /** The same body, gzipped once. */
  readonly gzip: Buffer;
  /** Value for an `integrity` attribute. */
  readonly integrity: string;
  /** The name holds a hash of the content: cached indefinitely. Others are cached for minutes. */
  readonly immutable: boolean;
};

export type WidgetFiles = {
  /** File name of the current version; its content may change with a release. */
  readonly entry: WidgetFile;
  /** `v1.<hash>.js`: the same bytes under a name that is derived from the content, so it never changes. */
  readonly hashed: WidgetFile;
  /** All files by name: these two, the parts that are loaded when used (with and without hash), `v1.css` and `v1.d.ts`. */
  readonly files: ReadonlyMap<string, WidgetFile>;
};

/**
 * Bundles the button. The same sources give the same bytes, and so the same names, on every machine.
 *
 * @param compress `smallest` takes seconds, and saves two percent of what visitors load
 * @throws esbuild's BuildFailure where the sources do not compile
 */
export async function buildWidget(compress: 'fast' | 'smallest' = 'fast'): Promise<WidgetFiles> {
  const dialogStyle = { STYLE: JSON.stringify(await minifiedStyle('dialog.css')) };
  const parts = await Promise.all([
    { name: 'dialog', body: await bundle({ entryPoints: ['panel.ts'] }, dialogStyle) },
    { name: 'proof', body: await bundle({ entryPoints: ['proof.ts'] }) },
    ...LANGUAGES.map(async (name) => {
      const contents = `export { dialog as texts } from '../words/${name}.ts'`;
      return { name, body: await bundle({ stdin: { contents, resolveDir: FOLDER } }) };
    }),
  ]);
  // One hash for all parts, because the entry contains it and every byte of the entry counts against the budget.
  const partsHash = hashOf(Buffer.concat(parts.map(({ body }) => body)));
  const body = await bundle(
    { entryPoints: ['v1.ts'] },
    {
      PARTS_HASH: JSON.stringify(partsHash),
      STYLE: JSON.stringify(await minifiedStyle('button.css')),
    },
  );

  const entry = widgetFile('v1.js', body);
  const hashed = widgetFile(`v1.${hashOf(body)}.js`, body, true);
  const files = [
    entry,
    hashed,
    ...parts.map((part) => widgetFile(`v1.${part.name}.${partsHash}.js`, part.body, true)),
    ...parts.map((part) => widgetFile(`v1.${part.name}.js`, part.body)),
    widgetFile('v1.css', Buffer.from(await minifiedStyle('fallback.css'))),
    widgetFile('v1.d.ts', await readFile(path.join(FOLDER, 'types.ts'))),
  ];
  if (compress === 'smallest') {
    const smallest = new Map<Buffer, Buffer>();
    for (const { body } of files) if (!smallest.has(body)) smallest.set(body, await compressed(body));
    for (const file of files) Object.assign(file, { gzip: smallest.get(file.body) });
  }
  return { entry, hashed, files: new Map(files.map((file) => [file.name, file])) };
}

/** Gzipped sizes of what a visitor loads before a click, and of that with the dialog and the solver of proofs. */
export function sizesOf(files: WidgetFiles['files']): Record<keyof typeof BUDGET_BYTES, number> {
  const sum = (names: readonly string[]): number =>
    names.reduce((bytes, name) => bytes + (files.get(name)?.gzip.length ?? 0), 0);
  const entry = sum(['v1.js', 'v1.css']);
  return { entry, all: entry + sum(['v1.dialog.js', 'v1.proof.js']) };
}

async function minifiedStyle(name: string): Promise<string> {
  const { code } = await transform(await readFile(path.join(FOLDER, name), 'utf8'), { loader: 'css', minify: true });
  // esbuild keeps quotes around attribute values and spaces in custom properties; remove them to save bytes.
  return code
    .trim()
    .replace(/="([\w-]+)"/g, '=$1')
    .replace(/([:,]) /g, '$1');
}

/** Terser makes what esbuild bundled about four percent smaller. */
async function bundle(source: BuildOptions, define: Record<string, string> = {}): Promise<Buffer> {
  const { outputFiles = [] } = await build({
    ...source,
    absWorkingDir: FOLDER,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    charset: 'utf8',
    minify: true,
    define,
    tsconfigRaw: {},
    write: false,
    logLevel: 'silent',
  });
  const { code } = await minify(outputFiles[0]?.text ?? '', {
    module: true,
    ecma: 2020,
    compress: {
      passes: 3,
      unsafe: true,
      unsafe_arrows: true,
      unsafe_undefined: true,
      keep_fargs: false,
      reduce_funcs: false,
    },
  });
  return Buffer.from(code ?? '');
}

function widgetFile(name: string, body: Buffer, immutable = false): WidgetFile {
  return {
    name,
    type: TYPES[path.extname(name)] ?? 'application/octet-stream',
    body,
    gzip: gzipSync(body, { level: 9 }),
    integrity: `sha384-${createHash('sha384').update(body).digest('base64')}`,
    immutable,
  };
}

/** Gzips a file as small as it gets. */
async function compressed(body: Buffer): Promise<Buffer> {
  return Buffer.from(await zopfli.gzipAsync(body, { numiterations: 50 }));
}

function hashOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex').slice(0, 12);
}

/**
 * `node scripts/build-widget.ts [--out folder]`: writes the files, prints sizes and integrity, and exits with 1 when
 * the entry exceeds the budget. Files of earlier builds are kept, for pages that reference one by its hash.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { out: { type: 'string', default: 'dist/widget' } } });
  const { files } = await buildWidget('smallest');
  await mkdir(values.out, { recursive: true });
  for (const { name, body, gzip, integrity } of files.values()) {
    await writeFile(path.join(values.out, name), body);
    await writeFile(path.join(values.out, `${name}.gz`), gzip);
    console.log(`${name.padEnd(26)} ${kilo(body)}, gzip ${kilo(gzip)}  ${integrity}`);
  }
  const sizes = sizesOf(files);
  for (const [what, limit] of Object.entries(BUDGET_BYTES)) {
    const size = sizes[what as keyof typeof sizes];
    console.log(`${what}: ${size} of ${limit} bytes`);
    if (size <= limit) continue;
    console.error(`The size of "${what}" exceeds its budget: visitors on slow connections wait for it.`);
    process.exitCode = 1;
  }
}

function kilo(body: Buffer): string {
  return `${(body.length / 1024).toFixed(2)} KiB`.padStart(9);
}

if (import.meta.main) await main();
