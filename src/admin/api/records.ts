import type { FastifyInstance } from 'fastify';
import type { Operations } from '../operations/operations.ts';
import { ACTOR } from './leads.ts';
import { pageOf } from './query.ts';
import {
  CONSENTS_QUERY,
  type ConsentsQuery,
  NUMBER_BODY,
  type NumberBody,
  PAGE_QUERY,
  type PageQuery,
} from './schemas.ts';

/** What is kept beside leads: suppressed numbers, consents, figures and who did what. */
export function recordRoutes(app: FastifyInstance, operations: Operations): void {
  app.get('/suppressions', async () => ({ items: await operations.suppressions() }));
  app.post<{ Body: NumberBody }>('/suppressions', { schema: { body: NUMBER_BODY } }, async ({ body }) => ({
    suppressed: true,
    changed: await operations.suppress(body, ACTOR),
  }));
  app.delete<{ Body: NumberBody }>('/suppressions', { schema: { body: NUMBER_BODY } }, async ({ body }) => ({
    suppressed: false,
    changed: await operations.unsuppress(body, ACTOR),
  }));

  app.get<{ Querystring: ConsentsQuery }>('/consents', { schema: { querystring: CONSENTS_QUERY } }, ({ query }) => {
    const { limit, after, ...filter } = query;
    return operations.consents(filter, pageOf({ limit, after }), ACTOR);
  });
  app.get('/stats', () => operations.stats());
  app.get<{ Querystring: PageQuery }>('/audit', { schema: { querystring: PAGE_QUERY } }, ({ query }) =>
    operations.audit(pageOf(query)),
  );
}
