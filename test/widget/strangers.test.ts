import t from 'tap';
import { delivered, problem, type Reply } from './support/fake-gateway.ts';
import { openTheatre, setStage } from './support/stage.ts';
import { visitorOf } from './support/visitor.ts';

const page = (status: number, html: string): Reply => ({
  status,
  body: Buffer.from(html),
  headers: { 'content-type': 'text/html' },
});
const STRANGERS: readonly [name: string, reply: Reply][] = [
  ['the log-in page of a wireless network', page(200, '<html>Log in</html>')],
  ['a redirect', { status: 302, headers: { location: '/widget/v1.d.ts' } }],
  ['a redirect that would take the lead along', { status: 307, headers: { location: '/elsewhere' } }],
  ['a success without a lead', { status: 201, body: { hello: 'world' } }],
  [
    'a JSON answer with a status that the gateway never gives',
    { status: 200, body: { id: 'cnv_9', status: 'delivered' } },
  ],
  ['the page of a firewall', page(403, '<html>Blocked</html>')],
];

t.test('an answer that is not the gateway’s own is none', async (t) => {
  const theatre = await openTheatre(t);

  for (const [name, reply] of STRANGERS) {
    t.test(`${name}: the lead stays on the device and is sent again`, async (t) => {
      const { gateway, page, events } = await setStage(t, theatre, { attributes: 'keep-offline' });
      gateway.next.post.push(reply);
      const visitor = visitorOf(page);
      await visitor.ask();
      await visitor.status.getByText('We keep trying').waitFor();
      t.equal(await page.evaluate('localStorage.length'), 1);
      await visitor.reads('Message sent');
      t.equal(gateway.posts().length, 2);
      t.notOk(gateway.received.some(({ path }) => path === '/elsewhere'));
      t.match((await events()).at(-1), { type: 'success', detail: { id: 'cnv_1', status: 'delivered' } });
      t.equal(await page.evaluate('localStorage.length'), 0);
    });
  }

  t.test('a no of the gateway is one, and a kept lead ends with it', async (t) => {
    const { gateway, page, events } = await setStage(t, theatre, { attributes: 'keep-offline' });
    gateway.next.post.push(problem(403, 'target_not_allowed'), delivered());
    const visitor = visitorOf(page);
    await visitor.ask();
    await visitor.alert.getByText('reach us another way').waitFor();
    t.equal(await page.evaluate('localStorage.length'), 0);
    t.equal((await events()).at(-1)?.type, 'error');
  });
});
