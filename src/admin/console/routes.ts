import type { FastifyInstance, FastifyReply } from 'fastify';
import { entryPages } from './entries.ts';
import { addGate } from './gate.ts';
import { leadPages } from './lead-routes.ts';
import { type ConsoleDeps, recordPages } from './record-routes.ts';
import { referencePages } from './reference.ts';

export type { ConsoleDeps };

/** The operators' console, as pages that the server renders. Every page works without its script. */
export async function consoleRoutes(app: FastifyInstance, deps: ConsoleDeps): Promise<void> {
  const gate = await addGate(app, deps);
  leadPages(app, gate, deps);
  recordPages(app, gate, deps);
  entryPages(app, gate, deps);
  referencePages(app);
  liveEvents(app, deps);
}

/** How often open pages are told that something changed, at most. */
const EVENT_EVERY_MS = 2_000;

/** `GET /events`: tells open pages by server-sent events that something changed. Nothing is read while no page is open. */
function liveEvents(app: FastifyInstance, { operations, state }: Pick<ConsoleDeps, 'operations' | 'state'>): void {
  const listeners = new Set<FastifyReply['raw']>();
  let seen = '';
  const timer = setInterval(async () => {
    if (listeners.size === 0) return;
    const fresh = await changeMark().catch(() => seen);
    if (fresh === seen) return;
    seen = fresh;
    for (const raw of listeners) raw.write('event: change\ndata: {}\n\n');
  }, EVENT_EVERY_MS);
  timer.unref();
  app.addHook('preClose', async () => {
    clearInterval(timer);
    for (const raw of listeners) raw.end();
  });
  app.get('/events', async (request, reply) => {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    raw.write('retry: 3000\n\n');
    listeners.add(raw);
    request.raw.once('close', () => listeners.delete(raw));
  });

  /** A text that differs when a page may show something else. */
  async function changeMark(): Promise<string> {
    const [stats, newest, providers] = await Promise.all([
      operations.stats(),
      operations.listLeads({}, { limit: 1 }, 'console'),
      state.providers(),
    ]);
    return JSON.stringify([
      stats.byStatus,
      stats.testLeads,
      newest.items[0]?.id,
      providers,
      state.refusedSettings() !== undefined,
    ]);
  }
}
