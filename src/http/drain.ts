import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** How long an early answer waits for a caller to finish sending. */
const PATIENCE_MS = 250;

/**
 * Reads away what is left of a body before the answer that made it useless. Many clients read no answer until they have
 * written their request, and closing a connection with bytes unread resets it: they would see that instead of the 413.
 */
export function drainBeforeAnswer(app: FastifyInstance): void {
  app.addHook('onSend', ({ raw, headers }, _reply, _payload, done) => {
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0;
    if (hasBody && !raw.readableEnded && !raw.destroyed) drain(raw).then(() => done(), done);
    else done();
  });
}

async function drain(body: IncomingMessage): Promise<void> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  body.resume();
  // Rejects when patience ends or the caller breaks off; the answer goes out as well as it can in either case.
  await once(body, 'end', { signal: patience }).catch(() => undefined);
}
