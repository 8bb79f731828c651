import { once } from 'node:events';
import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { Test } from 'tap';
import { createServer } from '../../src/lib/http.ts';

/** Serves requests on loopback; closes with the test. Gives the URL. */
export async function httpReceiver(t: Test, answer: RequestListener, port = 0): Promise<string> {
  const server = createServer(answer).listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
}

export type Delivery = { readonly headers: IncomingHttpHeaders; readonly body: string };

/** A receiver of webhooks that takes everything; `next` gives what arrives, one after the other. */
export async function webhookReceiver(t: Test, port = 0) {
  const arrived: Delivery[] = [];
  let wake = Promise.withResolvers<void>();
  const url = await httpReceiver(
    t,
    async (request, response) => {
      arrived.push({ headers: request.headers, body: await text(request) });
      response.end();
      wake.resolve();
    },
    port,
  );
  return {
    url,
    async next(): Promise<Delivery> {
      for (;;) {
        const delivery = arrived.shift();
        if (delivery) return delivery;
        wake = Promise.withResolvers();
        await wake.promise;
      }
    },
  };
}

export type Mail = {
  readonly from: unknown;
  readonly to: readonly string[];
  readonly source: string;
  readonly user?: string;
};

/** A real SMTP server that takes everything, and what it got. */
export async function mailServer(t: Test, options: SMTPServerOptions = {}): Promise<{ port: number; mails: Mail[] }> {
  const mails: Mail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: ({ username = '', password }, _session, done) =>
      password === 'word' ? done(null, { user: username }) : done(new Error('wrong')),
    onData(stream, { envelope: { mailFrom, rcptTo }, user }, done) {
      text(stream).then((source) => {
        const to = rcptTo.map(({ address }) => address);
        mails.push({ from: mailFrom ? mailFrom.address : undefined, to, source, ...(user && { user: String(user) }) });
        done();
      }, done);
    },
    ...options,
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  t.teardown(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const address = server.server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, mails };
}
