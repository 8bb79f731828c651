import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { compileScript, parse } from 'vue/compiler-sfc';
import { type FakeGateway, startFakeGateway } from '../support/widget/fake-gateway.ts';
import { createPageLauncher, type PageLauncher, servePage } from '../support/widget/page-launcher.ts';
import { visitorOf } from '../support/widget/visitor.ts';

const ROOT = join(import.meta.dirname, '../..');
const GATEWAY = 'https://gateway.example';

/** The code blocks of a language in a guide of docs/button, in their order. */
function blocks(guide: string, language: string): string[] {
  const text = readFileSync(join(ROOT, 'docs/button', guide), 'utf8');
  return [...text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, code = '']) => code);
}

type Tried = { readonly page: Page; readonly gateway: FakeGateway; readonly complaints: string[] };

/** Opens a page with the given markup, whose example address is replaced by that of a gateway of the test. */
async function tryMarkup(t: Test, launcher: PageLauncher, markup: string): Promise<Tried> {
  const gateway = await startFakeGateway(t, launcher.files);
  const body = markup.replaceAll(GATEWAY, gateway.url.slice(0, -1));
  const url = await servePage(t, `<!doctype html><html lang="en"><title>Guide</title><body>${body}</body></html>`);
  const context = await launcher.browser.newContext({ reducedMotion: 'reduce' });
  t.teardown(() => context.close());
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(url);
  await page.waitForFunction('customElements.get("text-us")');
  return { page, gateway, complaints };
}

/** Sends a message by the button of the page and gives the lead that arrived. */
async function send(
  { page, gateway }: Tried,
  open?: () => Promise<void>,
): Promise<Record<string, unknown> | undefined> {
  const visitor = visitorOf(page);
  if (open) await open().then(() => visitor.dialog.waitFor());
  else await visitor.open();
  await visitor.phone.fill('(404) 555-1212');
  await visitor.send.click();
  await visitor.reads('Message sent');
  return gateway.posts()[0]?.body;
}

t.test('the guides of the button', async (t) => {
  const launcher = await createPageLauncher(t);

  t.test('plain HTML: the button', async (t) => {
    const tried = await tryMarkup(t, launcher, blocks('html.md', 'html')[0] ?? '');
    t.match(await send(tried), { site: 'example-motors', advertiserId: '1659' });
    t.strictSame(tried.complaints, []);
  });

  t.test("plain HTML: the page's own trigger and a listing that is known later", async (t) => {
    const script = `<script type="module" src="${GATEWAY}/widget/v1.js"></script>`;
    const tried = await tryMarkup(t, launcher, script + blocks('html.md', 'html')[1]);
    const lead = await send(tried, () => tried.page.getByRole('button', { name: 'Ask about this car' }).click());
    t.match(lead, { site: 'example-motors', listing: { vin: '2HGFC2F59KH500000', year: 2019 } });
    t.strictSame(tried.complaints, []);
  });

  t.test('Google Tag Manager: a classic script adds the button once, however often the tag fires', async (t) => {
    const [tag = ''] = blocks('tag-manager.md', 'html');
    t.notMatch(tag, /type="module"/);
    const tried = await tryMarkup(t, launcher, tag + tag);
    t.equal(await tried.page.locator('text-us').count(), 1);
    t.match(await send(tried), { site: 'example-motors', advertiserId: '1659' });
    t.strictSame(tried.complaints, []);
  });

  t.test('Wix: the lines of the custom code', async (t) => {
    const tried = await tryMarkup(t, launcher, blocks('wix.md', 'html')[0] ?? '');
    t.match(await send(tried), { site: 'example-motors', advertiserId: '1659' });
  });

  t.test('Shopify: the Liquid block, with the values of a product in it', async (t) => {
    const [liquid = ''] = blocks('shopify.md', 'liquid');
    const values: Record<string, string> = {
      'product.title | json': '"Roof \\"rack\\""',
      'product.selected_or_first_available_variant.sku | json': '"RR-1"',
      'product.price | money_without_currency | json': '"99.00"',
      'shop.url | append: product.url | json': '"https://shop.example/products/roof-rack"',
    };
    const listing = /{% capture listing -%}\s*([\s\S]*?)\s*{%- endcapture %}/;
    const json = (liquid.match(listing)?.[1] ?? '').replace(/{{ (.*?) }}/g, (all, name) => values[name] ?? all);
    const markup = liquid.replace(listing, '').replace('{{ listing | escape }}', json.replaceAll('"', '&quot;'));
    t.notMatch(markup, '{{', 'every value is known');
    const tried = await tryMarkup(t, launcher, markup);
    t.match(await send(tried), { listing: { title: 'Roof "rack"', sku: 'RR-1' } });
  });

  t.test('React: the component sends, and its listener hears the success', async (t) => {
    const [component = ''] = blocks('react.md', 'tsx');
    const code = await bundle(
      `import { useEffect, useRef } from 'react';
       import { createRoot } from 'react-dom/client';
       const track = (...values) => { window.tracked = values; };
       ${component.replace(/^import type .*$/m, '')}
       createRoot(document.querySelector('#app')).render(<AskAboutCar car={{ vin: '2HGFC2F59KH500000', year: 2019 }} />);`,
      'tsx',
    );
    const tried = await tryMarkup(t, launcher, pageOf(code, blocks('react.md', 'html')[0]));
    t.match(await send(tried), { site: 'example-motors', listing: { vin: '2HGFC2F59KH500000', year: 2019 } });
    t.strictSame(await tried.page.evaluate('tracked'), ['lead', 'delivered']);
    t.strictSame(tried.complaints, []);
  });

  t.test('Vue: the component sends, and its listener hears the success', async (t) => {
    const { descriptor } = parse(blocks('vue.md', 'vue')[0] ?? '');
    const compiled = compileScript(descriptor, {
      id: 'guide',
      inlineTemplate: true,
      templateOptions: { compilerOptions: { isCustomElement: (tag) => tag === 'text-us' } },
    });
    const code = await bundle(
      `import { createApp } from 'vue';
       const track = (...values) => { window.tracked = values; };
       ${compiled.content.replace('export default', 'const Guide =')}
       createApp(Guide, { car: { vin: '2HGFC2F59KH500000', year: 2019 } }).mount('#app');`,
      'ts',
    );
    const tried = await tryMarkup(t, launcher, pageOf(code, blocks('vue.md', 'html')[0]));
    t.match(await send(tried), { site: 'example-motors', listing: { vin: '2HGFC2F59KH500000', year: 2019 } });
    t.strictSame(await tried.page.evaluate('tracked'), ['lead', 'delivered']);
    t.strictSame(tried.complaints, []);
  });

  t.test('analytics: each snippet reports an error and a success without personal data', async (t) => {
    const [ga4 = '', dataLayer = '', plausible = ''] = blocks('analytics.md', 'html');
    const gtag = '<script>window.sent = []; function gtag(...values) { sent.push(values); }</script>';
    const tried = await tryMarkup(t, launcher, gtag + ga4 + dataLayer + plausible + blocks('html.md', 'html')[0]);
    const visitor = visitorOf(tried.page);
    tried.gateway.next.post.push({ status: 429, body: { code: 'rate_limited' }, headers: { 'retry-after': '60' } });
    await visitor.ask('(404) 555-1212');
    await visitor.alert.getByText(/./).first().waitFor();
    await visitor.send.click();
    await visitor.reads('Message sent');
    const { page } = tried;
    t.strictSame(await page.evaluate('sent'), [
      ['event', 'text_us_open', {}],
      ['event', 'text_us_submit', {}],
      ['event', 'text_us_error', { text_us_code: 'rate_limited' }],
      ['event', 'text_us_submit', {}],
      ['event', 'generate_lead', { lead_source: 'text_us', text_us_status: 'delivered' }],
    ]);
    t.strictSame(
      await page.evaluate(
        'dataLayer.map(({ event, text_us_status, text_us_code }) => [event, text_us_status ?? text_us_code ?? ""])',
      ),
      [
        ['text_us_open', ''],
        ['text_us_submit', ''],
        ['text_us_error', 'rate_limited'],
        ['text_us_submit', ''],
        ['text_us_success', 'delivered'],
      ],
    );
    t.strictSame(await page.evaluate('plausible.q.map(([name, { props }]) => [name, props])'), [
      ['Text us: open', {}],
      ['Text us: submit', {}],
      ['Text us: error', { code: 'rate_limited' }],
      ['Text us: submit', {}],
      ['Text us: success', { status: 'delivered' }],
    ]);
    t.notMatch(await page.evaluate('JSON.stringify([sent, dataLayer, plausible.q])'), /555|1212|cnv_/);
  });

  const noPhp = spawnSync('php', ['--version']).status !== 0 && 'no php on this machine';

  t.test('WordPress: the shortcode makes a button that sends its listing', { skip: noPhp }, async (t) => {
    const options = { text_us_gateway: GATEWAY, text_us_site: 'example-motors' };
    const result = wordpress({
      options,
      attributes: {
        'advertiser-id': '1659',
        'listing-vin': '2HGFC2F59KH500000',
        'listing-make': 'A "B" & <c>',
        0: 'keep-offline',
      },
      label: 'Ask <us>',
    });
    t.strictSame(result.enqueued, [`${GATEWAY}/widget/v1.css`, `${GATEWAY}/widget/v1.js`]);
    t.match(result.tag, '<script type="module" src=');
    t.notMatch(result.otherTag, 'module', 'other scripts are left alone');
    t.match(
      result.html,
      `href="${GATEWAY}/sites/example-motors/text?advertiserId=1659&amp;listing.vin=2HGFC2F59KH500000`,
    );
    const tried = await tryMarkup(t, launcher, result.tag + result.html);
    const lead = await send(tried);
    t.match(lead, { site: 'example-motors', advertiserId: '1659' });
    t.strictSame(lead?.listing, { vin: '2HGFC2F59KH500000', make: 'A "B" & <c>' });
    t.equal(await tried.page.locator('text-us [slot=button]').textContent(), 'Ask <us>');
    t.ok(await tried.page.evaluate('document.querySelector("text-us").keepOffline'));
  });

  t.test(
    'WordPress: no attribute of the shortcode leaves its place, and mistakes are told to authors only',
    async (t) => {
      const options = { text_us_gateway: GATEWAY, text_us_site: 'example-motors' };
      const { html } = wordpress({
        options,
        attributes: { lang: '"><script>alert(1)</script>', phone: 'javascript:alert(+1)' },
      });
      t.notMatch(html, '<script');
      t.match(html, 'href="sms:+1"');
      t.equal(wordpress({ options: {} }).html, '', 'a visitor sees nothing');
      t.match(wordpress({ options: {}, editor: true }).html, 'enter the address of the gateway and the site');
      for (const [address, clean] of [
        ['https://gateway.example/', 'https://gateway.example'],
        ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
        ['http://gateway.example', ''],
        ['https://gateway.example/widget/v1.js', ''],
        ['https://user@gateway.example', ''],
        ['gateway.example', ''],
      ] as const) {
        const { gateway, errors } = wordpress({ gateway: address });
        t.strictSame([gateway, errors.length], [clean, clean === '' ? 1 : 0], address);
      }
    },
  );
});

/** Bundles a component with its framework for a page, as the tools of the framework do. */
async function bundle(contents: string, loader: 'tsx' | 'ts'): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, loader, resolveDir: ROOT },
    bundle: true,
    write: false,
    format: 'iife',
    jsx: 'automatic',
    define: {
      'process.env.NODE_ENV': '"production"',
      __VUE_OPTIONS_API__: 'true',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    },
  });
  return outputFiles[0]?.text ?? '';
}

function pageOf(code: string, script = ''): string {
  return `${script}<div id="app"></div><script>${code.replaceAll('</script', '<\\/script')}</script>`;
}

type Rendered = { html: string; enqueued: string[]; tag: string; otherTag: string; gateway: string; errors: string[] };

/** What the plugin gives, by the real PHP with stand-ins for WordPress. */
function wordpress(input: Record<string, unknown>): Rendered {
  const script = join(ROOT, 'test/fixtures/wordpress/render.php');
  return JSON.parse(execFileSync('php', [script, JSON.stringify(input)], { encoding: 'utf8' }));
}
