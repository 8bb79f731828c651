import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import type { Test } from 'tap';
import { buildWidget, type WidgetFiles } from '../../../scripts/build-widget.ts';
import { launchBrowser } from '../../support/browser.ts';
import { type FakeGateway, startFakeGateway } from './fake-gateway.ts';

export type StageOptions = {
  /** Attributes of the button, and what stands in it. */
  readonly attributes?: string;
  readonly content?: string;
  /** Before the button. */
  readonly before?: string;
  /** The button stands beside `main`, on a page with a header and a footer. */
  readonly beside?: boolean;
  readonly lang?: string;
  /** Content-Security-Policy of the page; `GATEWAY` stands for the gateway's origin. */
  readonly policy?: string;
  readonly context?: BrowserContextOptions;
};

export type Stage = {
  readonly gateway: FakeGateway;
  readonly context: BrowserContext;
  readonly page: Page;
  readonly url: string;
  /** Violations of the page's policy, and whatever the page throws or its console complains of but for failed requests. */
  readonly complaints: readonly string[];
  /** Events of the button so far, with their details. */
  events(): Promise<{ type: string; detail: Record<string, unknown> | null }[]>;
};

type Theatre = { readonly browser: Browser; readonly files: WidgetFiles };

/** A browser and the built button, for all tests of a file. */
export async function openTheatre(t: Test): Promise<Theatre> {
  const [browser, files] = await Promise.all([launchBrowser(t), buildWidget()]);
  return { browser, files };
}

/** A page of a site with a button on it, and the gateway of that button on another origin. */
export async function setStage(t: Test, { browser, files }: Theatre, options: StageOptions = {}): Promise<Stage> {
  const gateway = await startFakeGateway(t, files);
  const url = await servePage(
    t,
    htmlOf(gateway.url, options),
    options.policy?.replaceAll('GATEWAY', gateway.url.slice(0, -1)),
  );
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options.context });
  t.teardown(() => context.close());
  context.setDefaultTimeout(10_000);
  const complaints: string[] = [];
  await context.addInitScript(`
    window.heard = [];
    for (const type of ['open', 'submit', 'success', 'error']) {
      addEventListener('text-us:' + type, (event) => heard.push({ type, detail: event.detail }));
    }
    addEventListener('securitypolicyviolation', (event) => {
      console.error('violation: ' + event.effectiveDirective + ' ' + event.blockedURI);
    });
  `);
  const page = await context.newPage();
  page.on('console', (line) => {
    if (line.type() === 'error' && !line.text().includes('Failed to load resource')) complaints.push(line.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(url);
  await page.waitForFunction('customElements.get("text-us")');
  return { gateway, context, page, url, complaints, events: () => page.evaluate('heard') };
}

function htmlOf(
  gateway: string,
  { attributes = '', content = '', before = '', beside, lang = 'en' }: StageOptions,
): string {
  const button = `<text-us site="demo" ${attributes}>${content}</text-us>`;
  return `<!doctype html><html lang="${lang}"><head><meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1"><title>2019 Honda Civic</title>
    <script type="module" src="${gateway}widget/v1.js"></script></head>
    <body>${beside ? '<header>Example Motors</header>' : ''}
    <main><h1>2019 Honda Civic</h1>${before}${beside ? '' : button}</main>
    ${beside ? `<footer>Est. 1998</footer>${button}` : ''}</body></html>`;
}

async function servePage(t: Test, html: string, policy?: string): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      ...(policy && { 'content-security-policy': policy }),
    });
    response.end(html);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/inventory/1`;
}
