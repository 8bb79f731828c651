import { type Command, EXIT } from '../command.ts';
import { oneNumber, PHONE_OPTIONS } from '../lead-options.ts';
import { json, table } from '../print.ts';

export const suppressAdd: Command = {
  name: 'suppress add',
  summary: 'Never sends a number again, on any path; only its keyed hash is kept.',
  operands: '[NUMBER]',
  options: PHONE_OPTIONS,
  async run(call) {
    const { operations } = await call.open();
    const added = await operations.suppress(oneNumber(call), call.actor);
    call.io.out(call.json ? json({ suppressed: true, changed: added }) : added ? 'Suppressed.\n' : 'It was already.\n');
    return EXIT.ok;
  },
};

export const suppressRemove: Command = {
  name: 'suppress remove',
  summary: 'Takes a number from the list, so that it is sent again.',
  operands: '[NUMBER]',
  options: PHONE_OPTIONS,
  async run(call) {
    const { operations } = await call.open();
    const removed = await operations.unsuppress(oneNumber(call), call.actor);
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
