import { existsSync, readFileSync } from 'node:fs';
import type { Lead } from '../../src/domain/lead.ts';
import type { NewLead } from '../../src/domain/ports/lead-store.ts';
import { lead } from './lead.ts';
import { hashing } from './outbox.ts';

/** A lead whose every text is unique. Every fifth `n` makes it longer than a database page. */
export function canary(n: number): Lead {
  return lead({
    phone: { e164: '+14045559876', callingCode: '1', national: '4045559876' },
    firstName: 'Canaryfirst',
    lastName: 'Canarylast',
    question: `canary-question ${'🚗'.repeat(n % 5 === 0 ? 900 : n % 40)}`,
    listing: { note: `canary-listing ${'x'.repeat((n * 37) % 240)}`, vin: 'CANARYVIN00000001' },
    consent: { text: `canary-consent ${n}` },
    page: { url: 'https://canary.example/inventory', title: 'canary-title' },
    origin: 'https://canary-origin.example',
  });
}

/** Texts and hashes of `canary` leads, by name. Texts also as they would appear in a truncated page. */
export function needles(canaries: readonly NewLead[]): Map<string, Uint8Array> {
  const words = ['+14045559876', '4045559876', 'Canaryfirst', 'Canarylast', 'canary-question', 'canary-listing'];
  words.push('CANARYVIN00000001', 'canary-consent', 'canary.example', 'canary-title', 'canary-origin', '🚗🚗🚗🚗');
  words.push('canary-description');
  const found = new Map<string, Uint8Array>(words.map((word) => [word, Buffer.from(word)]));
  found.set('hash of the number', hashing.phone('+14045559876'));
  found.set('counter of the number', hashing.phoneCap('demo', hashing.phone('+14045559876')));
  for (const [index, { request }] of canaries.entries()) {
    found.set(`key of request ${index}`, request.key);
    found.set(`fingerprint of request ${index}`, request.fingerprint);
  }
  return found;
}

/** The needles that occur in the database file, its log or its shared memory. */
export function traces(path: string, searched: ReadonlyMap<string, Uint8Array>): string[] {
  return tracesIn(
    [path, `${path}-wal`, `${path}-shm`].filter((file) => existsSync(file)),
    searched,
  );
}

/** The needles that occur in the files; each is at least two bytes long. One pass over a file searches for all of them. */
export function tracesIn(paths: readonly string[], searched: ReadonlyMap<string, Uint8Array>): string[] {
  const byStart = Map.groupBy(searched, ([, bytes]) => startAt(bytes, 0));
  const starts = new Uint8Array(2 ** 16);
  for (const start of byStart.keys()) starts[start] = 1;
  const found = new Set<string>();
  for (const path of paths) {
    const file = readFileSync(path);
    for (let at = 0; at + 1 < file.length; at += 1) {
      const start = startAt(file, at);
      if (starts[start] === 0) continue;
      for (const [name, bytes] of byStart.get(start) ?? [])
        if (!found.has(name) && isAt(file, at, bytes)) found.add(name);
    }
  }
  return [...searched.keys()].filter((name) => found.has(name));
}

function isAt(file: Uint8Array, at: number, bytes: Uint8Array): boolean {
  for (let n = 2; n < bytes.length; n += 1) if (file[at + n] !== bytes[n]) return false;
  return true;
}

/** The two bytes at a place, as a number. */
function startAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
