import type { FastifyInstance } from 'fastify';
import type { Operations } from '../operations/operations.ts';
import type { SendAction } from '../operations/selection.ts';
import { DEFAULT_LIMIT, pageOf, wordsOf } from './query.ts';
import {
  ERASE_BODY,
  type EraseBody,
  ID_PARAMS,
  type IdParams,
  LEADS_QUERY,
  type LeadsQuery,
  REVEAL_QUERY,
  type RevealQuery,
  SEARCH_BODY,
  SEND_BODY,
  SEND_MAX,
  type SearchBody,
  type SendBody,
} from './schemas.ts';

/** Who acts, where a token is all that is known. */
export const ACTOR = 'admin';

export function leadRoutes(app: FastifyInstance, operations: Operations): void {
  app.get<{ Querystring: LeadsQuery }>('/leads', { schema: { querystring: LEADS_QUERY } }, ({ query }) => {
    const { status, cause, limit, after, ...rest } = query;
    const filter = { ...rest, ...wordsOf('status', status), ...wordsOf('cause', cause) };
    return operations.listLeads(filter, pageOf({ limit, after }));
  });

  app.post<{ Body: SearchBody }>('/leads/search', { schema: { body: SEARCH_BODY } }, ({ body }) => {
    const { limit = DEFAULT_LIMIT, after, ...filter } = body;
    return operations.listLeads(filter, { limit, ...(after !== undefined && { after }) });
  });

  app.get<{ Params: IdParams; Querystring: RevealQuery }>(
    '/leads/:id',
    { schema: { params: ID_PARAMS, querystring: REVEAL_QUERY } },
    ({ params, query }) => operations.showLead(params.id, { actor: ACTOR, reveal: query.reveal === 'true' }),
  );

  const send = (action: SendAction) =>
    app.post<{ Body: SendBody }>(`/leads/${action}`, { schema: { body: SEND_BODY } }, async ({ body }) => {
      const { dryRun = false, limit = SEND_MAX, ...query } = body;
      const selection = await operations.selectLeads(action, query, limit);
      const { ids, byStatus, bySite, mayHaveArrived, skipped, missing, more } = selection;
      const queued = dryRun ? 0 : await operations.sendLeads(selection, { actor: ACTOR });
      return { action, dryRun, matched: ids.length, byStatus, bySite, mayHaveArrived, skipped, missing, more, queued };
    });
  send('replay');
  send('release');

  app.post<{ Body: EraseBody }>('/leads/erase', { schema: { body: ERASE_BODY } }, ({ body }) => {
    const { suppress = false, ...number } = body;
    return operations.erase(number, { actor: ACTOR, suppress });
  });
}
