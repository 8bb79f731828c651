import t from 'tap';
import { NEEDED_ROLE } from '../../../src/admin/api/roles.ts';
import { adminOver } from '../../support/admin/admin.ts';
import { launchBrowser } from '../../support/browser.ts';
import { testApp } from '../../support/http/app.ts';

t.test('the API can be read and tried in a browser, which loads nothing from other hosts', async (t) => {
  const { listen, submitted } = await testApp(t);
  const base = `http://127.0.0.1:${await listen()}`;
  const browser = await launchBrowser(t);
  const page = await browser.newPage({ viewport: { width: 1200, height: 1000 } });
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && origin !== base) complaints.push(`loads ${origin}`);
  });

  await page.goto(`${base}/docs`);
  await page.waitForSelector('.opblock');
  t.match(await page.title(), 'Text Connect Gateway');
  t.match(await page.textContent('.info'), 'Problems');
  const { paths } = (await (await fetch(`${base}/openapi.json`)).json()) as { paths: Record<string, object> };
  const operations = Object.values(paths).flatMap((methods) => Object.keys(methods));
  t.equal(await page.locator('.opblock').count(), operations.length, 'every operation is listed');
  t.ok(operations.length > 5);

  await page.click('.opblock-post .opblock-summary-control');
  await page.click('.try-out__btn');
  await page.click('.execute');
  await page.waitForSelector('.live-responses-table .response');
  t.match(await page.textContent('.live-responses-table .response'), '201');
  t.equal(submitted.length, 1, 'the example of the reference is accepted');

  const admin = await (await adminOver(t, { open: { name: 'demo', role: 'admin' } }).app).listen({
    host: '127.0.0.1',
    port: 0,
  });
  const reference = await browser.newPage({ viewport: { width: 1200, height: 1000 } });
  reference.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  await reference.goto(`${admin}/console/reference`);
  await reference.waitForSelector('.opblock');
  t.equal(
    await reference.locator('.opblock').count(),
    Object.keys(NEEDED_ROLE).length - 1,
    'that of the admin API, too',
  );

  await page.goto(`${base}/docs/problems#invalid_phone`);
  const target = page.locator(':target');
  t.match(await target.textContent(), 'invalid_phone');
  t.equal(
    await target.evaluate((section) => section.ownerDocument.defaultView?.getComputedStyle(section).backgroundColor),
    'rgb(238, 247, 246)',
    'a problem’s type leads to its entry',
  );

  await page.goto(`${base}/`);
  for (const href of ['/docs', '/openapi.json', '/docs/problems']) {
    const { status } = await fetch(base + (await page.locator(`a[href="${href}"]`).getAttribute('href')));
    t.equal(status, 200, `the page at the root links to ${href}`);
  }
  t.equal(await page.locator('a[href="/demo"]').count(), 0, 'without a demo the page at the root links to none');
  t.strictSame(complaints, []);
});
