import { DatabaseSync } from 'node:sqlite';

/**
 * Another program that has the database of its first argument open: it says `reading` while it is inside a read, and ends
 * the read, but not itself, when it is told anything.
 */
const database = new DatabaseSync(process.argv[2] ?? '', { readOnly: true });
database.exec('BEGIN');
database.prepare('SELECT count(*) FROM conversations').get();
process.once('message', () => {
  database.exec('COMMIT');
  process.send?.('idle');
});
process.send?.('reading');
