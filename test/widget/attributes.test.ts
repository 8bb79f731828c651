import t from 'tap';
import { openTheatre, setStage } from './support/stage.ts';
import { visitorOf } from './support/visitor.ts';

t.test('attributes and properties', async (t) => {
  const theatre = await openTheatre(t);

  t.test('may come late, and count when the lead is sent', async (t) => {
    const { gateway, page } = await setStage(t, theatre, { attributes: `advertiser-id="1" listing='{"vin":"old"}'` });
    const visitor = visitorOf(page);
    await visitor.open();
    await page.evaluate(`{
      const button = document.querySelector('text-us');
      button.removeAttribute('advertiser-id');
      button.setAttribute('merchant-id', '77');
      button.setAttribute('listing', '2019 Honda Civic, blue');
      button.setAttribute('field-last-name', 'hidden');
      button.setAttribute('field-question', 'required');
    }`);
    t.notOk(await page.getByLabel('Last name').isVisible());
    await visitor.fill({ phone: '(404) 555-1212', question: 'Blue?' });
    await visitor.send.click();
    await visitor.reads('Message sent');
    const { advertiserId, merchantId, listing } = gateway.posts()[0]?.body ?? {};
    t.strictSame([advertiserId, merchantId, listing], [undefined, 77, '2019 Honda Civic, blue']);
  });

  t.test('another site or language while the dialog is open brings its form', async (t) => {
    const { gateway, page } = await setStage(t, theatre);
    await visitorOf(page).open();
    gateway.form = { ...gateway.form, fields: { firstName: 'hidden', lastName: 'hidden', question: 'shown' } };
    await page.evaluate(`document.querySelector('text-us').site = 'other'`);
    await page.getByLabel('First name').waitFor({ state: 'hidden' });
    await page.evaluate(`document.querySelector('text-us').lang = 'de'`);
    await page.getByLabel('Handynummer').waitFor();
    t.strictSame(
      gateway.received.map(({ path }) => path).filter((path) => path.endsWith('/form')),
      ['/sites/demo/form', '/sites/other/form', '/sites/other/form'],
    );
  });

  t.test('of the listing the one that was set last counts', async (t) => {
    const { page } = await setStage(t, theatre, { attributes: `listing='{"vin":"of the attribute"}'` });
    const listing = () => page.evaluate(`document.querySelector('text-us').listing`);
    t.strictSame(await listing(), { vin: 'of the attribute' });
    await page.evaluate(`document.querySelector('text-us').listing = { vin: 'of the property' }`);
    t.strictSame(await listing(), { vin: 'of the property' });
    await page.evaluate(`document.querySelector('text-us').setAttribute('listing', 'plain {text')`);
    t.equal(await listing(), 'plain {text');
    await page.evaluate(`document.querySelector('text-us').listing = '{"vin":"text of the property"}'`);
    t.strictSame(await listing(), { vin: 'text of the property' }, 'JSON is JSON, as frameworks hand it over');
    await page.evaluate(`document.querySelector('text-us').listing = null`);
    t.equal(await listing(), null);
  });

  t.test('stand for each other', async (t) => {
    const { page } = await setStage(t, theatre, { attributes: 'placement-id="7" keep-offline' });
    t.strictSame(
      await page.evaluate(`{
        const button = document.querySelector('text-us');
        const seen = [button.site, button.placementId, button.keepOffline, button.worker, button.country];
        Object.assign(button, { placementId: 8, keepOffline: false, worker: true, country: 'CA', site: null });
        [...seen, ...['placement-id', 'keep-offline', 'worker', 'country', 'site'].map((name) => button.getAttribute(name))];
      }`),
      ['demo', '7', true, false, undefined, '8', null, '', 'CA', null],
    );
  });

  t.test('that were set before the script came are kept', async (t) => {
    const { gateway, page } = await setStage(t, theatre, {
      before: `<text-us id="early"></text-us>
        <script>
          Object.assign(document.querySelector('#early'), {
            site: 'early', advertiserId: 9, listing: { vin: 'early' }, texts: { button: 'Early' }, own: 'of the page',
          });
        </script>`,
    });
    t.equal(await page.evaluate(`document.querySelector('#early').own`), 'of the page');
    const visitor = visitorOf(page, '#early');
    await page.getByRole('button', { name: 'Early' }).waitFor();
    await visitor.ask();
    await visitor.reads('Message sent');
    t.match(gateway.posts()[0]?.body, { site: 'early', advertiserId: '9', listing: { vin: 'early' } });
  });

  t.test('a gateway elsewhere is named by base', async (t) => {
    const { gateway, page } = await setStage(t, theatre);
    await page.evaluate(`document.querySelector('text-us').base = '${gateway.url}behind/a/proxy'`);
    await visitorOf(page).open();
    t.equal(gateway.received.at(-1)?.path, '/behind/a/proxy/sites/demo/form');
  });
});
