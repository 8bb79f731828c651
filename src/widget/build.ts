import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** What a visitor's first look may weigh: the entry with all of English, gzipped. */
export const BUDGET_BYTES = 8 * 1024;

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.ts': 'text/plain; charset=utf-8',
};

/** One file as it is served under `/widget/`. */
export type WidgetFile = {
  readonly name: string;
  readonly type: string;
  readonly body: Buffer;
  /** The same body, gzipped once and as small as it gets. */
  readonly gzip: Buffer;
  /** Value for an `integrity` attribute. */
  readonly integrity: string;
  /** The name holds a hash of the content: cached for ever. Others are cached for minutes. */
  readonly immutable: boolean;
};

export type WidgetFiles = {
  /** `v1.js`, which can be mended. */
  readonly entry: WidgetFile;
  /** `v1.<hash>.js`: the same bytes under a name that never means anything else. */
  readonly hashed: WidgetFile;
  /** All files by name: these two, the languages, and `v1.d.ts`. */
  readonly files: ReadonlyMap<string, WidgetFile>;
};

/**
 * Bundles the button. The same sources give the same bytes, and so the same names, on every machine.
 *
 * @throws esbuild's BuildFailure where the sources do not compile
 */
export async function buildWidget(): Promise<WidgetFiles> {
  const folder = import.meta.dirname;
  const { outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: { v1: 'v1.ts' },
    outdir: 'out',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    charset: 'utf8',
    minify: true,
    legalComments: 'none',
    chunkNames: 'v1.[name].[hash]',
    tsconfigRaw: {},
    write: false,
    logLevel: 'silent',
  });
  const made = outputFiles.map((file) => widgetFile(path.basename(file.path), Buffer.from(file.contents)));
  const entry = made.find(({ name }) => name === 'v1.js');
  if (!entry) throw new Error('The build gave no v1.js.');
  const hashed = widgetFile(`v1.${hashOf(entry.body)}.js`, entry.body);
  const types = widgetFile('v1.d.ts', await readFile(path.join(folder, 'types.ts')));
  return { entry, hashed, files: new Map([...made, hashed, types].map((file) => [file.name, file])) };
}

function widgetFile(name: string, body: Buffer): WidgetFile {
  return {
    name,
    type: TYPES[path.extname(name)] ?? 'application/octet-stream',
    body,
    gzip: gzipSync(body, { level: 9 }),
    integrity: `sha384-${createHash('sha384').update(body).digest('base64')}`,
    immutable: name !== 'v1.js' && name.endsWith('.js'),
  };
}

function hashOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex').slice(0, 12);
}

/** `node src/widget/build.ts [--out folder]`: writes the files, prints sizes and integrity, fails over the budget. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { out: { type: 'string', default: 'dist/widget' } } });
  const { entry, files } = await buildWidget();
  await rm(values.out, { recursive: true, force: true });
  await mkdir(values.out, { recursive: true });
  for (const { name, body, gzip, integrity } of files.values()) {
    await writeFile(path.join(values.out, name), body);
    console.log(`${name.padEnd(22)} ${kilo(body)}, gzip ${kilo(gzip)}  ${integrity}`);
  }
  if (entry.gzip.length > BUDGET_BYTES) {
    console.error(`${entry.name} weighs ${entry.gzip.length} bytes gzipped; the budget is ${BUDGET_BYTES}.`);
    process.exitCode = 1;
  }
}

function kilo(body: Buffer): string {
  return `${(body.length / 1024).toFixed(2)} KiB`.padStart(10);
}

if (import.meta.main) await main();
