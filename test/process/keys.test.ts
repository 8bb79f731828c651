import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import t from 'tap';
import { leadOf, send } from '../support/caller.ts';
import { startGateway } from '../support/gateway.ts';
import { startProvider } from '../support/provider.ts';

t.test('a gateway that was started with another DATA_KEY says so, and names each lead that it parks', async (t) => {
  const provider = await startProvider(t);
  const key = () => randomBytes(32).toString('base64');
  const env = {
    ...provider.env,
    DATABASE_URL: `sqlite:${join(t.testdir(), 'gateway.db')}`,
    HASH_KEY: key(),
    RETRY_SCHEDULE_S: '1,1',
  };
  await provider.answer('503');
  const first = await startGateway(t, { ...env, DATA_KEY: key() });
  const { body } = await send(first.url, leadOf(1));
  await first.end('SIGKILL');
  const second = await startGateway(t, { ...env, DATA_KEY: key() });
  t.match(await second.line(({ event }) => event === 'keys'), { level: 'warn', conversation: body.id });
  const parked = await second.line(({ event }) => event === 'lead_parked');
  t.match(parked, { level: 'error', conversation: body.id, provider: 'default', cause: 'unreadable' });
});
