import { type Command, EXIT } from '../command.ts';
import { confirm } from '../confirm.ts';
import { oneNumber, PHONE_OPTIONS } from '../lead-options.ts';
import { json, plural } from '../print.ts';

export const leadsErase: Command = {
  name: 'leads erase',
  summary: 'Erases every trace of a number, for good.',
  operands: '[NUMBER]',
  options: {
    ...PHONE_OPTIONS,
    suppress: { type: 'boolean', help: 'also never send this number again; its keyed hash is kept for that' },
    yes: { type: 'boolean', help: 'do not ask' },
  },
  notes:
    'It is gone from the database and its files when the command ends; backups, the write-ahead log of a Postgres server ' +
    'and what the provider has are yours: see docs/operations.md.',
  async run(call) {
    const { values, json: asJson, io, actor, open } = call;
    const number = oneNumber(call);
    const { operations } = await open();
    const found = await operations.countLeads(number);
    io.err(`${plural(found, 'lead')} of this number.\n`);
    const stop = await confirm(call, 'Erase every trace of it? Nothing brings it back.');
    if (stop !== undefined) return stop;
    const suppress = values.suppress === true;
    const { erased } = await operations.erase(number, { actor, suppress });
    if (asJson) io.out(json({ erased, suppressed: suppress }));
    else io.out(`${plural(erased, 'lead')} erased${suppress ? '; the number is suppressed' : ''}.\n`);
    return EXIT.ok;
  },
};
