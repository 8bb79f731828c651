import Fastify from 'fastify';
import t from 'tap';
import { listen } from '../../src/app/listen.ts';

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
