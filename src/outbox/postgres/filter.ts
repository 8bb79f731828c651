import type { Filter } from '../records.ts';

/** A condition on `conversations`; every value of the filter is bound, none is part of the text. */
export type Where = { readonly sql: string; readonly values: readonly unknown[] };

export function where(filter: Filter): Where {
  const terms: string[] = [];
  const values: unknown[] = [];
  const add = (term: (parameter: string) => string, value: unknown): void => {
    values.push(value);
    terms.push(term(`$${values.length}`));
  };
  const { ids, status, cause, site, partner, provider, since, until, phoneHash } = filter;
  if (ids) add((p) => `id = ANY (${p}::text[])`, ids);
  if (status) add((p) => `status = ANY (${p}::text[])`, status);
  if (cause) add((p) => `cause = ANY (${p}::text[])`, cause);
  if (site !== undefined) add((p) => `site = ${p}`, site);
  if (partner !== undefined) add((p) => `partner = ${p}`, partner);
  if (provider !== undefined) add((p) => `provider = ${p}`, provider);
  if (since !== undefined) add((p) => `created_at >= ${p}`, since);
  if (until !== undefined) add((p) => `created_at < ${p}`, until);
  if (phoneHash) add((p) => `seq IN (SELECT seq FROM lead_keys WHERE phone_hash = ${p})`, phoneHash);
  return { sql: terms.length === 0 ? 'TRUE' : terms.join(' AND '), values };
}
