import { once } from 'node:events';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, createServer, type Server } from 'node:tls';
import pino from 'pino';
import t, { type Test } from 'tap';
import { renewCertificate } from '../../src/http/tls.ts';
import { goodBody, testApp } from '../support/http/app.ts';
import { exchange, readAnswer, request } from '../support/http/wire.ts';

const FIXTURES = 'test/fixtures/tls';
const FIRST = { certFile: `${FIXTURES}/first.test-cert.pem`, keyFile: `${FIXTURES}/first.test-key.pem` };

/** Calls over TLS and gives the answer with the organisation in the certificate that was shown. */
async function call(port: number, ca: string, bytes: string | Buffer) {
  const socket = connect({ port, host: '127.0.0.1', ca: await readFile(ca) });
  try {
    await once(socket, 'secureConnect');
    const answer = readAnswer(socket);
    socket.write(bytes);
    return { ...(await answer), organisation: socket.getPeerCertificate().subject.O };
  } finally {
    socket.destroy();
  }
}

t.test('the gateway serves HTTPS itself, with HSTS', async (t) => {
  const { listen, submitted } = await testApp(t, { settings: { listen: { host: '127.0.0.1', port: 0, tls: FIRST } } });
  const port = await listen();
  const answer = await call(port, FIRST.certFile, request({ body: JSON.stringify(goodBody()) }));
  t.equal(answer.status, 201);
  t.equal(answer.headers['strict-transport-security'], 'max-age=31536000');
  t.equal(submitted.length, 1);
  t.equal((await call(port, FIRST.certFile, 'BREW /\r\n\r\n')).status, 400, 'and refuses broken HTTP within it');
});

t.test('a plain HTTP connection to the HTTPS port is closed, and the listener goes on', async (t) => {
  const { listen } = await testApp(t, { settings: { listen: { host: '127.0.0.1', port: 0, tls: FIRST } } });
  const port = await listen();
  await t.rejects(exchange(port, 'GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n'));
  t.equal((await call(port, FIRST.certFile, 'GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n')).status, 200);
});

t.test('without a certificate there is no HSTS', async (t) => {
  const { app } = await testApp(t);
  t.notOk((await app.inject('/healthz')).headers['strict-transport-security']);
});

t.test('files that cannot be read stop the start', async (t) => {
  const tls = { ...FIRST, keyFile: `${FIXTURES}/missing.pem` };
  await t.rejects(testApp(t, { settings: { listen: { host: '127.0.0.1', port: 0, tls } } }), { code: 'ENOENT' });
});

/** A TLS listener on a copy of the first pair, and a way to await each look at changed files. */
async function renewing(t: Test) {
  const folder = t.testdir();
  const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
  await copyFile(FIRST.certFile, files.certFile);
  await copyFile(FIRST.keyFile, files.keyFile);
  const server: Server = createServer({ cert: await readFile(files.certFile), key: await readFile(files.keyFile) });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const events: string[] = [];
  const waiting: (() => void)[] = [];
  const logger = pino(
    {},
    {
      write(line: string) {
        events.push(JSON.parse(line).event);
        for (const resolve of waiting.splice(0)) resolve();
      },
    },
  );
  const stop = renewCertificate(files, server, logger, 10);
  t.teardown(() => {
    stop();
    server.close();
  });
  return {
    files,
    async event(wanted: string): Promise<void> {
      const signal = AbortSignal.timeout(10_000);
      while (events.at(-1) !== wanted) {
        await new Promise<void>((resolve, reject) => {
          waiting.push(resolve);
          signal.addEventListener('abort', () => reject(new Error(`Waited in vain for ${wanted}.`)));
        });
      }
    },
    async organisation(): Promise<string | string[] | undefined> {
      const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      const shown = socket.getPeerCertificate().subject.O;
      socket.destroy();
      return shown;
    },
  };
}

t.test('a renewed certificate is used without a restart as soon as key and certificate match', async (t) => {
  const { files, event, organisation } = await renewing(t);
  t.equal(await organisation(), 'test first');
  await copyFile(`${FIXTURES}/second.test-cert.pem`, files.certFile);
  await event('certificate_refused');
  t.equal(await organisation(), 'test first', 'a certificate without its key changes nothing');
  await copyFile(`${FIXTURES}/second.test-key.pem`, files.keyFile);
  await event('certificate_renewed');
  t.equal(await organisation(), 'test second');
});

t.test('a broken file leaves the old certificate in place', async (t) => {
  const { files, event, organisation } = await renewing(t);
  await writeFile(files.certFile, 'not a certificate');
  await event('certificate_refused');
  t.equal(await organisation(), 'test first');
});
