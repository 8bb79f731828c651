import { defined } from '../../conversation/defined.ts';
import { count, text } from '../arguments.ts';
import { type Command, EXIT } from '../command.ts';
import { json, table } from '../print.ts';

const MAX = 1_000;

export const audit: Command = {
  name: 'audit',
  summary: 'Lists who sent again, released, erased, revealed, suppressed or exported what, newest first.',
  options: {
    limit: { type: 'string', value: 'N', help: `how many, 50 unless told, ${MAX} at most` },
    after: { type: 'string', value: 'CURSOR', help: 'the page after that of this cursor' },
  },
  async run({ values, json: asJson, io, open }) {
    const page = defined({ limit: count(values, 'limit', 50, MAX), after: text(values, 'after') });
    const { operations } = await open();
    const { items, next } = await operations.audit(page);
    if (asJson) io.out(json({ items, ...(next !== undefined && { next }) }));
    else {
      const rows = items.map(({ at, actor, action, count: n, detail }) => [at, actor, action, String(n), detail]);
      io.out(table(['AT', 'WHO', 'WHAT', 'LEADS', 'WHICH'], rows));
      if (next !== undefined) io.err(`More: --after ${next}\n`);
    }
    return EXIT.ok;
  },
};
