import { type Command, EXIT } from '../command.ts';
import { json, pairs } from '../print.ts';

export const stats: Command = {
  name: 'stats',
  summary: 'Says how many leads are in which status, and what waits.',
  options: {},
  async run({ json: asJson, io, open }) {
    const { operations } = await open();
    const figures = await operations.stats();
    if (asJson) {
      io.out(json(figures));
      return EXIT.ok;
    }
    const { byStatus, oldestQueuedAt, oldestQueuedSeconds, suppressions, parkedProviders } = figures;
    io.out(
      pairs([
        ...Object.entries(byStatus),
        ['oldest queued', oldestQueuedAt && `${oldestQueuedAt} (${oldestQueuedSeconds} s ago)`],
        ['suppressed numbers', suppressions],
        ['parked providers', parkedProviders.length === 0 ? 'none' : parkedProviders.join(', ')],
      ]),
    );
    return EXIT.ok;
  },
};
