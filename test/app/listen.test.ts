import Fastify from 'fastify';
import t from 'tap';
import { startBundledSimulator } from '../../src/app/gateway.ts';
import { listen } from '../../src/app/listen.ts';
import { load } from '../support/config/load.ts';

t.test('the base URL has the port that the system assigned', async (t) => {
  const app = Fastify();
  t.teardown(() => app.close());
  const url = await listen(app, { host: '127.0.0.1', port: 0 }, 'PORT');
  t.match(url, /^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
});

t.test('the error about a port in use names the setting of the port', async (t) => {
  const [one, other] = [Fastify(), Fastify()];
  t.teardown(() => Promise.all([one.close(), other.close()]));
  const port = Number(new URL(await listen(one, { host: '127.0.0.1', port: 0 }, 'PORT')).port);
  await t.rejects(listen(other, { host: '127.0.0.1', port }, 'ADMIN_PORT'), {
    message: `port ${port} of 127.0.0.1 is in use by another process; set another ADMIN_PORT`,
    cause: { code: 'EADDRINUSE' },
  });
});

t.test('the bundled simulator listens on SIMULATOR_HOST, and on nothing else', async (t) => {
  const simulator = await startBundledSimulator(load({ SIMULATOR_HOST: '127.0.0.2', SIMULATOR_PORT: '0' }));
  t.teardown(() => simulator.close());
  const inbox = new URL(simulator.inboxUrl);
  t.equal(inbox.hostname, '127.0.0.2');
  t.equal((await fetch(inbox)).status, 200);
  inbox.hostname = '127.0.0.1';
  await t.rejects(fetch(inbox), { cause: { code: 'ECONNREFUSED' } });
});

t.test('the gateway calls a simulator that listens on every address at loopback', async (t) => {
  const settings = load({
    NODE_ENV: 'development',
    HOST: '0.0.0.0',
    SIMULATOR_HOST: '0.0.0.0',
    SIMULATOR_PORT: '0',
  });
  const simulator = await startBundledSimulator(settings);
  t.teardown(() => simulator.close());
  t.equal(new URL(simulator.endpoint).hostname, '127.0.0.1');
  t.equal((await fetch(simulator.inboxUrl)).status, 200);
});
