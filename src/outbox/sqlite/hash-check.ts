import type { Outbox } from '../port.ts';
import type { Store } from './store.ts';

export function createHashCheck({ database, read, writer }: Store): Pick<Outbox, 'isHashedWith'> {
  const select = database.prepare('SELECT value FROM hash_check');
  const keep = database.prepare('INSERT INTO hash_check SELECT ? WHERE NOT EXISTS (SELECT 1 FROM hash_check)');
  return {
    async isHashedWith(check) {
      const kept =
        (await read(() => select.get())) ??
        (await writer.write(() => {
          keep.run(check);
          return select.get();
        }));
      return Buffer.from(kept?.value as Uint8Array).equals(check);
    },
  };
}
