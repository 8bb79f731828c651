import type { FastifyRequest } from 'fastify';
import { type LeadQuery, OperationError } from '../operations/input.ts';
import type { SendAction } from '../operations/selection.ts';
import { ACTIONS, type ListFilter } from './leads.ts';

/** The fields of a form or query string, each a text. */
export type Form = Readonly<Record<string, string | undefined>>;

/** Browsers say where a request comes from; a form of another site is refused although its cookie would not be sent either. */
export function isCrossSite({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}

/** In the demo a page of a foreign name that resolves to loopback must not read the console. */
export function isLoopbackName(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
}

export function onlyTexts(query: unknown): Record<string, string | undefined> {
  const entries = Object.entries((query ?? {}) as Record<string, unknown>);
  return Object.fromEntries(entries.filter(([, value]) => typeof value === 'string' && value.trim() !== '')) as Record<
    string,
    string
  >;
}

const FILTER_FIELDS = ['status', 'cause', 'site', 'partner', 'provider', 'test', 'since', 'until'] as const;

export function listFilter(given: Readonly<Record<string, string | undefined>>): ListFilter {
  return Object.fromEntries(FILTER_FIELDS.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])));
}

export function toQuery({ status, cause, ...rest }: ListFilter): LeadQuery {
  return { ...rest, ...(status !== undefined && { status: [status] }), ...(cause !== undefined && { cause: [cause] }) };
}

export function readAction(request: FastifyRequest): { action: SendAction; filter: ListFilter; query: LeadQuery } {
  const { action = '', id, ...given } = onlyTexts(request.body);
  if (!Object.hasOwn(ACTIONS, action))
    throw new OperationError('invalid', `action: use one of ${Object.keys(ACTIONS).join(', ')}`);
  const filter = listFilter(given);
  const query = { ...toQuery(filter), ...(id !== undefined && { ids: [id] }) };
  return { action: action as SendAction, filter: id === undefined ? filter : ({ id } as ListFilter), query };
}

export function numberOf(request: FastifyRequest): { phone: string } {
  const { phone = '' } = (request.body ?? {}) as Form;
  return { phone };
}
