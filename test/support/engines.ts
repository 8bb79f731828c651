import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { firefox as playwright } from 'playwright-firefox';
import type { Test } from 'tap';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

/** What tests do with a page in any engine. Points are in CSS pixels of the window's content. */
export type EnginePage = {
  goto(url: string): Promise<void>;
  /** The value of an expression; a promise is awaited. */
  evaluate<T>(expression: string): Promise<T>;
  click(x: number, y: number): Promise<void>;
  /** Presses at the first point, and lets go at the second. */
  drag(from: readonly [number, number], to: readonly [number, number]): Promise<void>;
  /** Turns the wheel downwards over the point. */
  wheel(x: number, y: number): Promise<void>;
  type(text: string): Promise<void>;
  press(key: 'Enter' | 'Escape' | 'Tab'): Promise<void>;
  resize(width: number, height: number): Promise<void>;
  /** Goes back in the history. The page is not there yet when this returns. */
  back(): Promise<void>;
};

export type Engine = {
  readonly name: string;
  /** The reason why its tests are skipped on this machine; `false` if they run. */
  readonly missing: string | false;
  /** Starts the browser; it ends with the test. Each call of the result gives a page of its own. */
  launch(t: Test): Promise<() => Promise<EnginePage>>;
};

const FIREFOX = ['/usr/bin/firefox-esr', '/usr/bin/firefox'].find((file) => existsSync(file));
const MINI_BROWSER = globSync('/usr/lib/*/webkit2gtk-4.1/MiniBrowser')[0];

/** The preferences keep Firefox from drawing scroll bars that take space, and from loading icons that pages do not name. */
const PREFERENCES = {
  'ui.prefersReducedMotion': 1,
  'ui.useOverlayScrollbars': 1,
  'widget.gtk.overlay-scrollbars.enabled': true,
  'browser.chrome.site_icons': false,
};

/** The stock Firefox, driven by Playwright over WebDriver BiDi. */
export const FIREFOX_ENGINE: Engine = {
  name: 'Firefox',
  missing: FIREFOX === undefined && 'no Firefox on this machine: apt-get install firefox-esr',
  async launch(t) {
    const browser = await playwright.launch({
      channel: 'moz-firefox',
      executablePath: FIREFOX ?? '',
      firefoxUserPrefs: PREFERENCES,
    });
    t.teardown(() => browser.close());
    return async () => {
      const page = await browser.newPage({ viewport: { width: 800, height: 600 } });
      return {
        goto: async (url) => void (await page.goto(url)),
        evaluate: (expression) => page.evaluate(expression),
        click: (x, y) => page.mouse.click(x, y),
        async drag(from, to) {
          await page.mouse.move(...from);
          await page.mouse.down();
          await page.mouse.move(...to, { steps: 3 });
          await page.mouse.up();
        },
        async wheel(x, y) {
          await page.mouse.move(x, y);
          await page.mouse.wheel(0, 300);
        },
        type: (text) => page.keyboard.type(text),
        press: (key) => page.keyboard.press(key),
        resize: (width, height) => page.setViewportSize({ width, height }),
        // Playwright's own never ends for a page that is kept in memory.
        back: () => page.evaluate('void setTimeout(() => history.back())'),
      };
    };
  },
};

const KEYS = { Enter: '\uE007', Escape: '\uE00C', Tab: '\uE004' };

/** WebKitGTK, driven over plain WebDriver (https://www.w3.org/TR/webdriver2/). */
export const WEBKIT_ENGINE: Engine = {
  name: 'WebKit',
  missing:
    (MINI_BROWSER === undefined ||
      spawnSync('WebKitWebDriver', ['--version']).error ||
      spawnSync('Xvfb', ['-version']).error) !== undefined &&
    'no WebKit driver on this machine: apt-get install webkit2gtk-driver xvfb',
  async launch(t) {
    const home = mkdtempSync(path.join(tmpdir(), 'webkit-'));
    const display = await startDisplay(t);
    const port = await freePort();
    start(t, 'WebKitWebDriver', [`--port=${port}`, '--host=127.0.0.1'], {
      DISPLAY: display,
      HOME: home,
      XDG_RUNTIME_DIR: home,
      GDK_BACKEND: 'x11',
      NO_AT_BRIDGE: '1',
      LIBGL_ALWAYS_SOFTWARE: '1',
      WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
    });
    const call = async (method: string, route: string, body?: object): Promise<unknown> => {
      const response = await fetch(`http://127.0.0.1:${port}${route}`, {
        method,
        ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      const { value } = (await response.json()) as { value: { error?: string; message?: string } };
      if (!response.ok) throw new Error(`${route}: ${value.error} ${value.message}`);
      return value;
    };
    await eventually('the driver answers', 10_000, () => call('GET', '/status').catch(() => undefined));
    const options = { binary: MINI_BROWSER, args: ['--automation'] };
    const capabilities = { alwaysMatch: { 'webkitgtk:browserOptions': options } };
    const { sessionId } = (await call('POST', '/session', { capabilities })) as { sessionId: string };
    const session = (method: string, route: string, body?: object) =>
      call(method, `/session/${sessionId}${route}`, body);
    t.teardown(() => session('DELETE', '').catch(() => {}));

    const pointer = (...actions: readonly object[]) =>
      session('POST', '/actions', {
        actions: [{ type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions }],
      });
    const move = (x: number, y: number) => ({ type: 'pointerMove', x: Math.round(x), y: Math.round(y), duration: 0 });
    const DOWN = { type: 'pointerDown', button: 0 };
    const UP = { type: 'pointerUp', button: 0 };
    const keys = (text: string) =>
      session('POST', '/actions', {
        actions: [
          {
            type: 'key',
            id: 'keyboard',
            actions: [...text].flatMap((value) => [
              { type: 'keyDown', value },
              { type: 'keyUp', value },
            ]),
          },
        ],
      });
    const page: EnginePage = {
      goto: async (url) => void (await session('POST', '/url', { url })),
      async evaluate<T>(expression: string) {
        const script = `const done = arguments[0]; (async () => (${expression}))().then((value) => done({ value }), (error) => done({ error: String(error) }));`;
        const { value, error } = (await session('POST', '/execute/async', { script, args: [] })) as {
          value: T;
          error?: string;
        };
        if (error) throw new Error(error);
        return value;
      },
      click: async (x, y) => void (await pointer(move(x, y), DOWN, UP)),
      drag: async (from, to) => void (await pointer(move(...from), DOWN, move(...to), UP)),
      async wheel(x, y) {
        const origin = { x: Math.round(x), y: Math.round(y), deltaX: 0, deltaY: 300, duration: 0, origin: 'viewport' };
        await session('POST', '/actions', {
          actions: [{ type: 'wheel', id: 'wheel', actions: [{ type: 'scroll', ...origin }] }],
        });
      },
      type: async (text) => void (await keys(text)),
      press: async (key) => void (await keys(KEYS[key])),
      async resize(width, height) {
        await session('POST', '/window/rect', { width, height });
      },
      back: async () => void (await session('POST', '/back', {})),
    };
    // One window: a page is left by the next `goto`.
    return async () => page;
  },
};

async function startDisplay(t: Test): Promise<string> {
  const server = start(t, 'Xvfb', ['-displayfd', '3', '-screen', '0', '1600x1200x24', '-nolisten', 'tcp'], {});
  const [number] = await once(server.stdio[3] as NodeJS.ReadableStream, 'data');
  return `:${String(number).trim()}`;
}

/** Starts a program in a process group of its own, which ends with the test. */
function start(t: Test, program: string, args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const child = spawn(program, args, {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, ...env },
  });
  t.teardown(async () => {
    if (child.pid === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    process.kill(-child.pid, 'SIGKILL');
    await ended;
  });
  return child;
}
