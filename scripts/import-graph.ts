import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';

/** One import statement: the importing file, and a file of ours (`src/…`) or the name of a package or Node module. */
export type Import = { readonly file: string; readonly target: string };

type Room = { readonly rooms: readonly string[]; readonly packages: readonly string[] };

/** The room of the files that lie directly in `src/`: the process, its signals and exit codes. */
export const ENTRY = '(entry)';

/**
 * The rooms under `src/` from the bottom layer up, with the rooms and packages that each may import (docs/architecture.md,
 * "Rooms"). A room imports lower layers only, so no two rooms import each other. Node's own modules are free for every
 * room, except those in `GUARDED_NODE_MODULES`.
 */
export const ROOMS: Readonly<Record<string, Room>> = {
  words: { rooms: [], packages: [] },
  lib: { rooms: [], packages: ['@fastify/*', 'fastest-levenshtein', 'fastify', 'pino'] },
  domain: { rooms: ['lib'], packages: ['libphonenumber-js'] },
  leads: { rooms: ['domain', 'lib'], packages: [] },
  outgoing: { rooms: ['domain', 'lib'], packages: [] },
  store: { rooms: ['domain', 'lib'], packages: ['node:sqlite', 'pg'] },
  provider: { rooms: ['domain', 'lib'], packages: ['undici', 'xml2js'] },
  senders: { rooms: ['domain', 'lib'], packages: ['ipaddr.js', 'nodemailer', 'standardwebhooks', 'undici'] },
  config: {
    rooms: ['domain', 'lib'],
    packages: ['ajv', 'jsonc-parser', 'libphonenumber-js', 'typebox'],
  },
  http: {
    rooms: ['leads', 'domain', 'lib', 'words'],
    packages: ['@fastify/*', 'altcha-lib', 'fastify', 'ioredis', 'ip-address', 'jsonc-parser', 'pino', 'typebox'],
  },
  admin: {
    rooms: ['leads', 'domain', 'lib'],
    packages: [
      '@fastify/*',
      'fastify',
      'ghtml',
      'libphonenumber-js',
      'marked',
      'pino',
      'pino-pretty',
      'prom-client',
      'typebox',
    ],
  },
  telemetry: { rooms: ['domain', 'lib'], packages: ['@opentelemetry/*', 'fastify'] },
  simulator: { rooms: [], packages: ['xml2js'] },
  widget: { rooms: ['words'], packages: [] },
  app: {
    rooms: [
      'lib',
      'domain',
      'leads',
      'outgoing',
      'store',
      'provider',
      'senders',
      'config',
      'http',
      'admin',
      'telemetry',
      'simulator',
    ],
    // In development the app bundles the button with the script that builds it.
    packages: ['fastify', 'pino', 'scripts'],
  },
  cli: {
    rooms: ['lib', 'domain', 'leads', 'outgoing', 'store', 'provider', 'senders', 'config', 'http', 'admin', 'app'],
    packages: ['ajv', 'commander', 'pino', 'undici'],
  },
  [ENTRY]: { rooms: ['lib', 'config', 'admin', 'telemetry', 'app'], packages: ['close-with-grace'] },
};

/** Node modules that count as drivers: only the rooms that name them may import them. */
const GUARDED_NODE_MODULES: ReadonlySet<string> = new Set(['node:sqlite']);

const SOURCE_FILE = /\.(ts|js)$/;
/** `import … from '…'`, `export … from '…'`, `import '…'` and `import('…')`, in the spelling that the formatter leaves. */
const IMPORT = /(?:\bfrom\s+|^import\s+|\bimport\(\s*)'([^']+)'/gm;

/** Reads every import of the source files below `src/` in `root`, types included. Paths are relative to `root`. */
export function readImports(root: string): Import[] {
  const entries = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && SOURCE_FILE.test(entry.name));
  return files.flatMap((entry) => {
    const file = relative(root, join(entry.parentPath, entry.name)).split(sep).join('/');
    const specifiers = [...readFileSync(join(root, file), 'utf8').matchAll(IMPORT)].map(
      ([, specifier = '']) => specifier,
    );
    return specifiers.map((specifier) => ({
      file,
      target: specifier.startsWith('.')
        ? normalize(join(dirname(file), specifier))
            .split(sep)
            .join('/')
        : specifier,
    }));
  });
}

/** Gives the room of a file below `src/`; `undefined` for any other file or a package. */
export function roomOf(path: string): string | undefined {
  const [top, folder, ...rest] = path.split('/');
  if (top !== 'src' || folder === undefined) return undefined;
  return rest.length === 0 ? ENTRY : folder;
}

/** Names each import that the table does not allow, with the rule that it breaks. */
export function forbiddenImports(imports: readonly Import[]): string[] {
  return imports.flatMap(({ file, target }) => {
    const room = roomOf(file);
    const allowed = room === undefined ? undefined : ROOMS[room];
    if (room === undefined || !allowed)
      return [`${file}: the folder is no room of the table in scripts/import-graph.ts`];
    const reason = forbidden(room, allowed, target);
    return reason === undefined ? [] : [`${file} imports ${target}: ${reason}`];
  });
}

function forbidden(room: string, allowed: Room, target: string): string | undefined {
  const targetRoom = roomOf(target);
  if (targetRoom !== undefined) {
    if (targetRoom === room || allowed.rooms.includes(targetRoom)) return undefined;
    return `room "${room}" may import ${allowed.rooms.join(', ') || 'no other room'}`;
  }
  // A file outside of `src/`, for instance package.json: data, no room.
  if (target.startsWith('..') || /\.json$/.test(target)) return undefined;
  if (target.startsWith('node:') && !GUARDED_NODE_MODULES.has(target)) return undefined;
  const name = packageName(target);
  const fits = (pattern: string): boolean =>
    pattern.endsWith('/*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
  return allowed.packages.some(fits)
    ? undefined
    : `room "${room}" may import the packages ${allowed.packages.join(', ')}`;
}

/** Gives the package of an import: `pg` for `pg/lib/x`, `@fastify/cors` for `@fastify/cors`. */
function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** Finds circles of files: each result lists the files of one circle, in the order of their imports. */
export function findCircles(imports: readonly Import[]): string[][] {
  const edges = new Map<string, string[]>();
  for (const { file, target } of imports) edges.set(file, [...(edges.get(file) ?? []), target]);
  const finished = new Set<string>();
  const circles: string[][] = [];
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start !== -1) {
      circles.push([...path.slice(start), file]);
      return;
    }
    if (finished.has(file)) return;
    for (const target of edges.get(file) ?? []) if (edges.has(target)) visit(target, [...path, file]);
    finished.add(file);
  };
  for (const file of edges.keys()) visit(file, []);
  return circles;
}
