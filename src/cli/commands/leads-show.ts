import { CAUSES } from '../../ops/operations/filter.ts';
import type { LeadDetailsView } from '../../ops/operations/views.ts';
import { type Command, EXIT, Misuse } from '../command.ts';
import { json, pairs } from '../print.ts';

export const leadsShow: Command = {
  name: 'leads show',
  summary: 'Shows one lead; who sent it only in outline, unless it is revealed.',
  operands: 'ID',
  options: { reveal: { type: 'boolean', help: 'show personal data in full; this leaves an audit entry' } },
  async run({ operands, values, json: asJson, io, actor, open }) {
    const [id, ...more] = operands;
    if (id === undefined || more.length > 0) throw new Misuse('Name one lead');
    const { operations } = await open();
    const lead = await operations.showLead(id, { actor, reveal: values.reveal === true });
    io.out(asJson ? json(lead) : pairs(rowsOf(lead)));
    return EXIT.ok;
  },
};

function rowsOf(details: LeadDetailsView): [string, unknown][] {
  const { lead, description, revealed: _revealed, ...state } = details;
  const rows: [string, unknown][] = Object.entries(state);
  const cause = Object.entries(CAUSES).find(([name]) => name === details.cause)?.[1];
  if (cause !== undefined) rows.push(['why', cause]);
  for (const [name, value] of Object.entries(lead ?? {})) {
    rows.push([name, typeof value === 'object' ? JSON.stringify(value) : value]);
  }
  if (!lead && !details.erased) rows.push(['lead', 'no DATA_KEY that is configured opens it']);
  rows.push(['provider said', description]);
  return rows;
}
