import type { FastifyInstance } from 'fastify';
import { CHECK_ALIVE, CHECK_READY } from '../schemas/operations.ts';

/** Each check by name with "ok", or what is wrong in a word. */
export type Readiness = { readonly ready: boolean; readonly checks: Readonly<Record<string, string>> };

/** `GET /healthz` and `GET /readyz`, for orchestrators. */
export async function healthRoutes(app: FastifyInstance, deps: { isReady: () => Promise<Readiness> }): Promise<void> {
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
  });
  app.get('/healthz', { schema: CHECK_ALIVE, config: { limit: 'health' } }, async () => ({ status: 'alive' }));
  app.get('/readyz', { schema: CHECK_READY, config: { limit: 'health' } }, async (_request, reply) => {
    const { ready, checks } = await deps.isReady();
    reply.code(ready ? 200 : 503);
    return { status: ready ? 'ready' : 'not_ready', checks };
  });
}
