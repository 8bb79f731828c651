import { defined } from '../../conversation/defined.ts';
import { text } from '../arguments.ts';
import { type Call, type Command, EXIT, Misuse } from '../command.ts';
import { PHONE_OPTIONS } from '../lead-options.ts';
import { json, table } from '../print.ts';

const options = { country: PHONE_OPTIONS.country } as Command['options'];

export const suppressAdd: Command = {
  name: 'suppress add',
  summary: 'Never sends a number again, on any path; only its keyed hash is kept.',
  operands: 'NUMBER',
  options,
  async run(call) {
    const { operations } = await call.open();
    const added = await operations.suppress(numberOf(call), call.actor);
    call.io.out(call.json ? json({ suppressed: true, changed: added }) : added ? 'Suppressed.\n' : 'It was already.\n');
    return EXIT.ok;
  },
};

export const suppressRemove: Command = {
  name: 'suppress remove',
  summary: 'Takes a number from the list, so that it is sent again.',
  operands: 'NUMBER',
  options,
  async run(call) {
    const { operations } = await call.open();
    const removed = await operations.unsuppress(numberOf(call), call.actor);
    if (call.json) call.io.out(json({ suppressed: false, changed: removed }));
    else if (removed) call.io.out('No longer suppressed.\n');
    else call.io.err('It was not on the list.\n');
    return removed ? EXIT.ok : EXIT.notFound;
  },
};

export const suppressList: Command = {
  name: 'suppress list',
  summary: 'Lists the keyed hashes of suppressed numbers.',
  options: {},
  async run({ json: asJson, io, open }) {
    const { operations } = await open();
    const items = await operations.suppressions();
    if (asJson) io.out(json({ items }));
    else if (items.length === 0) io.err('No number is suppressed.\n');
    else
      io.out(
        table(
          ['HASH', 'SINCE'],
          items.map(({ hash, createdAt }) => [hash, createdAt]),
        ),
      );
    return EXIT.ok;
  },
};

function numberOf({ operands, values }: Call) {
  const [phone, ...more] = operands;
  if (phone === undefined) throw new Misuse('Give a number');
  if (more.length > 0) throw new Misuse('Give one number, in quotes where it has spaces');
  return defined({ phone, country: text(values, 'country') });
}
