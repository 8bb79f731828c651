import type { Mistake } from '../problem.ts';
import { checkPostgres } from './postgres.ts';

const RULE = 'use sqlite: and a path, such as sqlite:./data/gateway.db, or postgres://user:password@host/database';

/** `sqlite:` and a file's path, relative or absolute, or the address of a Postgres database. */
export function checkDatabase(text: string): Mistake | undefined {
  if (isPostgres(text)) return checkPostgres(text);
  if (!text.startsWith('sqlite:')) return { problem: 'is not the URL of a store that we know', fix: RULE };
  const path = databasePath(text);
  if (path === '' || /[/\\]$/.test(path)) return { problem: 'names no file', fix: RULE };
  if (path.includes(':memory:')) return { problem: 'would lose every lead with the process', fix: RULE };
  if (path.startsWith('//'))
    return { problem: 'names a host', fix: 'use sqlite:///absolute/path or sqlite:./relative/path' };
  if (/[?#\0]/.test(path)) return { problem: 'has options, and there are none', fix: RULE };
  return undefined;
}

export function isPostgres(url: string): boolean {
  return /^postgres(ql)?:/i.test(url);
}

/** The path in a sound `DATABASE_URL` of SQLite, as it was written; `sqlite:///x` is `/x`. */
export function databasePath(url: string): string {
  return url.slice('sqlite:'.length).replace(/^\/\/(?=\/)/, '');
}
