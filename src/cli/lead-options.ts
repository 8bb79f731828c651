import { defined } from '../conversation/defined.ts';
import type { LeadQuery } from '../ops/operations/filter.ts';
import type { GivenNumber } from '../ops/operations/number.ts';
import { list, text } from './arguments.ts';
import { type Call, Misuse, type Option, type Values } from './command.ts';

/** Options that say which leads are meant; all given ones have to hold. */
export const LEAD_OPTIONS: Readonly<Record<string, Option>> = {
  status: {
    type: 'string',
    value: 'STATUS',
    multiple: true,
    help: 'queued, delivered, rejected, held, unknown, parked',
  },
  site: { type: 'string', value: 'KEY', help: 'of one site' },
  partner: { type: 'string', value: 'ID', help: 'of one partner' },
  provider: { type: 'string', value: 'ID', help: 'for one provider account' },
  cause: { type: 'string', value: 'CAUSE', multiple: true, help: 'why it waits: schedule, refused, phone_cap …' },
  since: { type: 'string', value: 'TIME', help: 'stored at or after: 2026-11-24, 2026-11-24T09:00Z, 24h, 7d' },
  until: { type: 'string', value: 'TIME', help: 'stored before' },
  phone: { type: 'string', value: 'NUMBER', help: 'of one number, with its country code' },
  country: { type: 'string', value: 'CC', help: 'how a number without a country code is read' },
};

export const PHONE_OPTIONS = { phone: LEAD_OPTIONS.phone, country: LEAD_OPTIONS.country } as Record<string, Option>;

/**
 * The one number that a command is about, as its operand or with --phone.
 *
 * @throws Misuse where there is none, or more than one
 */
export function oneNumber({ operands, values }: Pick<Call, 'operands' | 'values'>): GivenNumber {
  const named = text(values, 'phone');
  const [phone, ...more] = named === undefined ? operands : [named, ...operands];
  if (phone === undefined) throw new Misuse('Give the number with --phone, or by itself');
  if (more.length > 0) throw new Misuse('Give one number, in quotes where it has spaces');
  return defined({ phone, country: text(values, 'country') });
}

/** The query that options and ids make; it is checked where it is used. */
export function leadQuery(values: Values, ids: readonly string[] = []): LeadQuery {
  return defined({
    ids: ids.length === 0 ? undefined : ids,
    status: list(values, 'status'),
    cause: list(values, 'cause'),
    site: text(values, 'site'),
    partner: text(values, 'partner'),
    provider: text(values, 'provider'),
    since: text(values, 'since'),
    until: text(values, 'until'),
    phone: text(values, 'phone'),
    country: text(values, 'country'),
  });
}
