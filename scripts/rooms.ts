import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCircles, forbiddenImports, type Import, ROOMS, readImports, roomOf } from './import-graph.ts';

/**
 * Prints the import graph of `src/`: for each room, from the top layer down, its size and the rooms and packages that it
 * imports, with the number of imports. Exits with 1 where an import breaks the table or files import each other in a circle.
 */
const imports = readImports(process.cwd());
for (const room of Object.keys(ROOMS).reverse()) console.log(describeRoom(room, imports));
const broken = forbiddenImports(imports);
const circles = findCircles(imports);
for (const line of broken) console.error(`not allowed: ${line}`);
for (const circle of circles) console.error(`circle: ${circle.join(' → ')}`);
console.log(
  broken.length + circles.length === 0
    ? 'Every import points to a lower layer, and no files import each other in a circle.'
    : `${broken.length} imports are not allowed, ${circles.length} circles.`,
);
process.exitCode = broken.length + circles.length === 0 ? 0 : 1;

function describeRoom(room: string, all: readonly Import[]): string {
  const lengths = filesOf(room).map((file) => readFileSync(file, 'utf8').split('\n').length - 1);
  lengths.sort((a, b) => a - b);
  const median = lengths[Math.floor(lengths.length / 2)] ?? 0;
  const outgoing = all.filter(({ file, target }) => roomOf(file) === room && roomOf(target) !== room);
  const counts = new Map<string, number>();
  for (const { target } of outgoing) {
    const name = roomOf(target) ?? target;
    if (name.startsWith('node:') && name !== 'node:sqlite') continue;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const targets = [...counts].sort(([, a], [, b]) => b - a).map(([name, count]) => `${name} ${count}`);
  const size = `${lengths.length} files, median ${median}, longest ${lengths.at(-1) ?? 0} lines`;
  return `${room.padEnd(10)} ${size.padEnd(46)} → ${targets.join(', ') || 'nothing'}`;
}

function filesOf(room: string): string[] {
  return readdirSync('src', { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|js)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => roomOf(file) === room);
}
