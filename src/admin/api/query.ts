import type { PageRequest } from '../operations/operations.ts';

/** Entries of a page, where none is asked for. */
export const DEFAULT_LIMIT = 50;

/** The page that a query asks for. */
export function pageOf({ limit, after }: { limit?: string | undefined; after?: string | undefined }): PageRequest {
  return { limit: limit === undefined ? DEFAULT_LIMIT : Number(limit), ...(after !== undefined && { after }) };
}

/** A list that an address holds as `a,b`. */
export function wordsOf<Name extends string>(name: Name, text: string | undefined): { [N in Name]?: string[] } {
  return (text === undefined ? {} : { [name]: text.split(',') }) as { [N in Name]?: string[] };
}
