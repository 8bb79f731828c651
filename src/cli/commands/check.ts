import { check as lookAtEverything } from '../check/check.ts';
import { type Command, EXIT } from '../command.ts';
import { json, table } from '../print.ts';

export const check: Command = {
  name: 'check',
  summary:
    "Checks settings, database, disk, clock, keys, the button's files, Redis and the way to the provider; sends no lead.",
  options: {},
  notes: 'Exit code 1 where a line says problem. A warning is for a person to look at.',
  async run({ json: asJson, io, open }) {
    const checks = await lookAtEverything(io, open);
    const ok = checks.every(({ result }) => result !== 'problem');
    if (asJson) io.out(json({ ok, checks }));
    else
      io.out(
        table(
          ['RESULT', 'CHECK', 'FOUND'],
          checks.map(({ name, result, detail }) => [result, name, detail]),
        ),
      );
    return ok ? EXIT.ok : EXIT.failed;
  },
};
