import { connect, type Socket } from 'node:net';
import type { SMTPTransportOptions } from 'nodemailer/lib/smtp-transport';
import type { MailReceiver, MailServer, SendResult, SentMessage } from '../domain/receiver.ts';
import { failureOf } from './failure.ts';
import { guardedLookup, requirePublicHost } from './public-address.ts';

const CONNECT_MS = 5_000;
/** Bound on each answer of the server, and on the whole try. */
const ANSWER_MS = 10_000;
const TIMEOUT_MS = 15_000;

/**
 * Sends a message as an e-mail: the first line of its `text` is the subject. The message's id is also the e-mail's, so that a
 * repetition can be recognised.
 *
 * @param allowed whether a host may have an address that is not public
 */
export async function sendMail(
  { server, from, to }: MailReceiver,
  { id, body }: SentMessage,
  allowed: (host: string) => boolean,
): Promise<SendResult> {
  // Loaded on demand: most gateways send no e-mail, and each start would wait for it.
  const { createTransport } = await import('nodemailer');
  const transport = createTransport(optionsOf(server, allowed));
  try {
    const { text } = JSON.parse(body) as { text: string };
    await transport.sendMail({
      from,
      to: [...to],
      subject: text.split('\n', 1)[0],
      text,
      messageId: `<${id}@text-connect-gateway>`,
      headers: { 'auto-submitted': 'auto-generated' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { kind: 'delivered' };
  } catch (error) {
    return { kind: 'failed', failure: mailFailure(error) };
  } finally {
    transport.close();
  }
}

function optionsOf(server: MailServer, allowed: (host: string) => boolean): SMTPTransportOptions {
  const { host, port, tls, user, password } = server;
  return {
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(user !== undefined && { auth: { user, pass: password ?? '' } }),
    greetingTimeout: ANSWER_MS,
    socketTimeout: ANSWER_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says: the password follows.
    tls: { servername: host, rejectUnauthorized: true },
    getSocket: (_options, callback) => {
      connectTo(server, allowed).then(
        (connection) => callback(null, { connection }),
        (error: Error) => callback(error),
      );
    },
  };
}

/** Connects by ourselves, because nodemailer resolves names on its own and could connect to any address. */
async function connectTo({ host, port }: MailServer, allowed: (host: string) => boolean): Promise<Socket> {
  requirePublicHost(host, allowed);
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({ host, port, lookup: guardedLookup(allowed) });
  socket.setTimeout(CONNECT_MS, () => socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
  socket.once('connect', () => {
    socket.setTimeout(0);
    socket.off('error', reject);
    resolve(socket);
  });
  socket.once('error', reject);
  return promise;
}

/** The server's reply code if it refused the e-mail, else what `failureOf` says. */
function mailFailure(error: unknown): string {
  const reply = error instanceof Error && 'responseCode' in error ? error.responseCode : undefined;
  return typeof reply === 'number' ? `smtp_${reply}` : failureOf(error);
}
