import type { FastifyInstance } from 'fastify';
import type { Operations } from '../operations/operations.ts';
import { isoTime } from '../operations/time.ts';
import { ACTOR } from './leads.ts';
import { AdminProblem } from './problem.ts';
import { PROVIDER_PARAMS, type ProviderParams } from './schemas.ts';

/** The running process, as far as operators see into it. Times are milliseconds since the epoch. */
export interface RunningState {
  /** Every provider account; `parkedAt` and `probeAt` where it is parked. */
  providers(): Promise<readonly { id: string; region: string; parkedAt?: number; probeAt?: number }[]>;
  /** Breakers of the regions that were called since the start. */
  breakers(): ReadonlyMap<string, 'closed' | 'half_open' | 'open'>;
  /** Takes a parked provider into use again. */
  releaseProvider(id: string): Promise<void>;
}

export function stateRoutes(app: FastifyInstance, state: RunningState, operations: Operations): void {
  app.get('/state', async () => ({
    providers: (await state.providers()).map(({ id, region, parkedAt, probeAt }) => ({
      id,
      region,
      parked: parkedAt !== undefined,
      ...(parkedAt !== undefined && { parkedAt: isoTime(parkedAt) }),
      ...(probeAt !== undefined && { probeAt: isoTime(probeAt) }),
    })),
    breakers: [...state.breakers()].map(([region, breaker]) => ({ region, state: breaker })),
  }));

  app.post<{ Params: ProviderParams }>(
    '/providers/:id/release',
    { schema: { params: PROVIDER_PARAMS } },
    async ({ params: { id } }) => {
      const provider = (await state.providers()).find((known) => known.id === id);
      if (!provider) throw new AdminProblem(404, 'not_found', 'There is no such provider account.');
      if (provider.parkedAt === undefined) return { id, released: false };
      await state.releaseProvider(id);
      await operations.providerReleased(id, ACTOR);
      return { id, released: true };
    },
  );
}
