import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import type { Test } from 'tap';
import type { WidgetFiles } from '../../../scripts/build-widget.ts';
import { launchBrowser } from '../browser.ts';
import { builtWidget } from './built.ts';
import { type FakeGateway, type Reply, startFakeGateway } from './fake-gateway.ts';
import { type Visitor, visitorOf } from './visitor.ts';

export type PageOptions = {
  /** Attributes and content of the button. */
  readonly attributes?: string;
  readonly content?: string;
  /** Markup before the button. */
  readonly before?: string;
  /** Puts the button outside of `main`, on a page with a header and a footer. */
  readonly beside?: boolean;
  readonly lang?: string;
  /** Content-Security-Policy of the page; `GATEWAY` stands for the gateway's origin. */
  readonly policy?: string;
  readonly context?: BrowserContextOptions;
  /** Runs before the button's own script, whatever the policy. */
  readonly script?: string;
};

export type WidgetPage = {
  readonly gateway: FakeGateway;
  readonly context: BrowserContext;
  readonly page: Page;
  readonly url: string;
  /** Violations of the page's policy, uncaught errors, and console errors except those about failed requests. */
  readonly complaints: readonly string[];
  /** Events of the button so far, with their details. */
  events(): Promise<{ type: string; detail: Record<string, unknown> | null }[]>;
};

export type TimedPage = WidgetPage & {
  readonly visitor: Visitor;
  /** Moves the page's clock by so many seconds. */
  wait(seconds: number): Promise<void>;
  /** Waits until the button waits before its next call, then moves the clock by so many seconds. */
  pass(seconds: number): Promise<void>;
  /** Moves the clock through all six calls of a click. */
  passAll(): Promise<void>;
};

export type PageLauncher = {
  readonly browser: Browser;
  /** The files of the button, as a gateway serves them. */
  readonly files: WidgetFiles;
  /** Opens a site's page with a button on it, and starts that button's gateway on another origin. */
  launchPage(t: Test, options?: PageOptions): Promise<WidgetPage>;
  /** The same with a clock that the test moves, and a gateway that answers the first posts with `replies`. */
  launchTimedPage(t: Test, replies: readonly Reply[], options?: PageOptions): Promise<TimedPage>;
};

/** Launches a browser and builds the button, once for all tests of a file. */
export async function createPageLauncher(t: Test): Promise<PageLauncher> {
  const [browser, files] = await Promise.all([launchBrowser(t), builtWidget()]);
  const launchPage: PageLauncher['launchPage'] = (t, options = {}) => openPage(t, browser, files, options);
  return {
    browser,
    files,
    launchPage,
    launchTimedPage: async (t, replies, options) => withTestClock(await launchPage(t, options), replies),
  };
}

async function openPage(t: Test, browser: Browser, files: WidgetFiles, options: PageOptions): Promise<WidgetPage> {
  const { gateway, url } = await serveButton(t, files, options);
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options.context });
  t.teardown(() => context.close());
  context.setDefaultTimeout(60_000);
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

/** Serves a site's page with a button on it, and starts that button's gateway on another origin. */
export async function serveButton(
  t: Test,
  files: WidgetFiles,
  options: PageOptions,
): Promise<{ readonly gateway: FakeGateway; readonly url: string }> {
  const gateway = await startFakeGateway(t, files);
  const policy = options.policy
    ?.replaceAll('GATEWAY', gateway.url.slice(0, -1))
    .replace('script-src', `script-src 'nonce-${NONCE}'`);
  return { gateway, url: await servePage(t, htmlOf(gateway.url, options), policy) };
}

/** Marks the scripts of the tests themselves. */
const NONCE = 'tests';

function htmlOf(
  gateway: string,
  { attributes = '', content = '', before = '', beside, lang = 'en', script = '' }: PageOptions,
): string {
  const button = `<text-us site="demo" ${attributes}>${content}</text-us>`;
  return `<!doctype html><html lang="${lang}"><head><meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1"><title>2019 Honda Civic</title>
    ${script && `<script nonce="${NONCE}">${script}</script>`}
    <script type="module" src="${gateway}widget/v1.js"></script></head>
    <body>${beside ? '<header>Example Motors</header>' : ''}
    <main><h1>2019 Honda Civic</h1>${before}${beside ? '' : button}</main>
    ${beside ? `<footer>Est. 1998</footer>${button}` : ''}</body></html>`;
}

export async function servePage(t: Test, html: string, policy?: string): Promise<string> {
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

/** Installs a clock that only `wait`, `pass` and `passAll` move. */
async function withTestClock(opened: WidgetPage, replies: readonly Reply[]): Promise<TimedPage> {
  const { page, gateway } = opened;
  await page.clock.install();
  await page.evaluate(`{
    const set = setTimeout;
    window.waits = 0;
    // Counts neither the time-out of a call nor the time that a click waits for its form.
    window.setTimeout = (then, ms) => (waits += ms > 600 && ms !== 10000 ? 1 : 0, set(then, ms));
  }`);
  gateway.next.post.push(...replies);
  let waits = 0;
  const wait = (seconds: number) => page.clock.runFor(seconds * 1000);
  const pass = async (seconds: number): Promise<void> => {
    await page.waitForFunction(`waits === ${++waits}`);
    await wait(seconds);
  };
  const passAll = async (): Promise<void> => {
    for (const seconds of [2, 3, 5, 10, 20]) await pass(seconds);
  };
  return { ...opened, visitor: visitorOf(page), wait, pass, passAll };
}
