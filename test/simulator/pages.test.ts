import t from 'tap';
import { call, simulatorFor } from './harness.ts';

t.test(
  'the inbox and all that it loads come from the simulator, under a policy that lets nothing else in',
  async (t) => {
    const simulator = await simulatorFor(t);
    const page = await call(simulator.inboxUrl, '', { method: 'GET' });
    t.equal(page.status, 200);
    const policy = String(page.headers['content-security-policy']);
    t.match(policy, "default-src 'none'; script-src 'self'; style-src 'self';");
    t.notMatch(policy, 'unsafe');

    const loaded = [...page.body.toString().matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, address]) => String(address));
    t.ok(loaded.length > 5);
    for (const address of loaded) {
      t.match(address, /^\/[a-z]+\.(css|js|svg)$/, 'no address of another host');
      const file = await call(new URL(address, simulator.inboxUrl).href, '', { method: 'GET' });
      t.equal(file.status, 200, address);
      t.equal(file.headers['x-content-type-options'], 'nosniff');
      t.notMatch(file.body.toString(), /innerHTML|insertAdjacentHTML|https?:\/\/(?!www\.w3\.org)/, address);
    }
  },
);

t.test('there is nothing at other addresses, however they are spelled', async (t) => {
  const simulator = await simulatorFor(t);
  for (const path of ['login', 'inbox/inbox.js', '..%2fmain.ts', 'constructor', '%00', '%2f'])
    t.equal((await call(`${simulator.inboxUrl}${path}`, '', { method: 'GET' })).status, 404, path);
  t.equal((await call(simulator.inboxUrl, '', { method: 'POST' })).status, 404);
});
