import t from 'tap';
import { openTheatre, setStage } from './support/stage.ts';
import { visitorOf } from './support/visitor.ts';

t.test('a lead that is sent just before the visitor leaves', async (t) => {
  const theatre = await openTheatre(t);

  t.test('goes out with the page, though it would have waited for a person’s time', async (t) => {
    const { gateway, page } = await setStage(t, theatre);
    gateway.form = { ...gateway.form, minFillS: 3600 };
    const visitor = visitorOf(page);
    await visitor.ask();
    await visitor.status.getByText('Sending…').waitFor();
    t.strictSame(gateway.posts(), []);
    const arrived = gateway.arrival('POST', /conversations/);
    await page.goto('about:blank');
    t.match((await arrived).body, { formToken: 'token-1', consumer: { phone: '(404) 555-1212' } });
  });

  t.test('is tried once more, though it would have waited after a fault', async (t) => {
    const { gateway, page } = await setStage(t, theatre);
    gateway.next.post.push({ status: 503, headers: { 'retry-after': '30' } });
    const visitor = visitorOf(page);
    await visitor.ask();
    await visitor.status.getByText('We keep trying').waitFor();
    const arrived = gateway.arrival('POST', /conversations/);
    await page.goto('about:blank');
    const { headers } = await arrived;
    t.equal(headers['idempotency-key'], gateway.posts()[0]?.headers['idempotency-key']);
  });
});
