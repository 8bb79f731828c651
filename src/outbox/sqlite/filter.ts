import type { SQLInputValue } from 'node:sqlite';
import type { Filter } from '../records.ts';
import { OF_NUMBER } from './leads.ts';

/** A condition on `conversations`; every value of the filter is bound, none is part of the text. */
export type Where = { readonly sql: string; readonly values: readonly SQLInputValue[] };

export function where(filter: Filter): Where {
  const terms: string[] = [];
  const values: SQLInputValue[] = [];
  const add = (term: string, ...bound: SQLInputValue[]): void => {
    terms.push(term);
    values.push(...bound);
  };
  const { ids, status, cause, site, partner, provider, since, until, phoneHash } = filter;
  if (ids) add('id IN (SELECT value FROM json_each(?))', JSON.stringify(ids));
  if (status) add('status IN (SELECT value FROM json_each(?))', JSON.stringify(status));
  if (cause) add('cause IN (SELECT value FROM json_each(?))', JSON.stringify(cause));
  if (site !== undefined) add('site = ?', site);
  if (partner !== undefined) add('partner = ?', partner);
  if (provider !== undefined) add('provider = ?', provider);
  if (since !== undefined) add('created_at >= ?', since);
  if (until !== undefined) add('created_at < ?', until);
  if (phoneHash) add(`seq IN (${OF_NUMBER})`, phoneHash, phoneHash);
  return { sql: terms.length === 0 ? 'TRUE' : terms.join(' AND '), values };
}
