import { DatabaseSync } from 'node:sqlite';

/**
 * A program that opens the database of its first argument: it prints `reading` while a read is open, and ends
 * the read, but not the process, when it receives any input.
 */
const database = new DatabaseSync(process.argv[2] ?? '', { readOnly: true });
database.exec('BEGIN');
database.prepare('SELECT count(*) FROM conversations').get();
process.once('message', () => {
  database.exec('COMMIT');
  process.send?.('idle');
});
process.send?.('reading');
