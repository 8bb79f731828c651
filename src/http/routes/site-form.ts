import type { FastifyInstance } from 'fastify';
import type { Site } from '../../domain/site.ts';
import { READ_FORM } from '../schemas/form-operations.ts';
import { siteFormBody } from '../schemas/site-form.ts';
import type { FormGuard } from '../screening/form-guard.ts';
import { pageOf, siteFor } from '../site-access.ts';

export type SiteFormDeps = { readonly sites: () => ReadonlyMap<string, Site>; readonly guard: FormGuard };

/** `GET /sites/{key}/form`, for buttons. */
export async function siteFormRoutes(app: FastifyInstance, { sites, guard }: SiteFormDeps): Promise<void> {
  app.get<{ Params: { key: string }; Querystring: { lang?: string } }>(
    '/sites/:key/form',
    { schema: READ_FORM },
    async (request, reply) => {
      const { headers, host, protocol, params, query, requester } = request;
      // Browsers leave the header out of a GET to the page's own host.
      const site = siteFor(sites(), params.key, { origin: headers.origin ?? `${protocol}://${host}` });
      requester.site = site;
      reply.header('cache-control', 'no-store');
      return siteFormBody(site, query.lang, await guard.issue(site, pageOf(headers.origin, host), requester.address));
    },
  );
}
