import t from 'tap';
import { startBundledSimulator } from '../../src/app/gateway.ts';
import { load } from '../config/helper.ts';

t.test('the bundled simulator listens on SIMULATOR_HOST only', async (t) => {
  const simulator = await startBundledSimulator(load({ SIMULATOR_HOST: '127.0.0.2', SIMULATOR_PORT: '0' }));
  t.teardown(() => simulator.close());
  const inbox = new URL(simulator.inboxUrl);
  t.equal(inbox.hostname, '127.0.0.2');
  t.equal((await fetch(inbox)).status, 200);
  inbox.hostname = '127.0.0.1';
  await t.rejects(fetch(inbox), { cause: { code: 'ECONNREFUSED' } });
});

t.test('the gateway calls a simulator that listens on all addresses through loopback', async (t) => {
  const settings = load({ HOST: '0.0.0.0', SIMULATOR_HOST: '0.0.0.0', SIMULATOR_PORT: '0' });
  const simulator = await startBundledSimulator(settings);
  t.teardown(() => simulator.close());
  t.equal(new URL(simulator.endpoint).hostname, '127.0.0.1');
  t.equal((await fetch(simulator.inboxUrl)).status, 200);
});
