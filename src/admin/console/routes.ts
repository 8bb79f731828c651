import type { FastifyInstance } from 'fastify';
import { addGate } from './gate.ts';
import { leadPages } from './lead-routes.ts';
import { liveEvents } from './live.ts';
import { type ConsoleDeps, recordPages } from './record-routes.ts';

export type { ConsoleDeps };

/** The operators' console, as pages that the server renders. Every page works without its script. */
export async function consoleRoutes(app: FastifyInstance, deps: ConsoleDeps): Promise<void> {
  const gate = await addGate(app, deps);
  leadPages(app, gate, deps);
  recordPages(app, gate, deps);
  liveEvents(app, deps);
}
