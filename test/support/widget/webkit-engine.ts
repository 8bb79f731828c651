import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Test } from 'tap';
import { eventually } from '../eventually.ts';
import { freePort } from '../free-port.ts';
import { type BrowserPage, type Engine, type Size, USUAL_SIZE } from './browser-page.ts';

const MINI_BROWSER = globSync('/usr/lib/*/webkit2gtk-4.1/MiniBrowser')[0];

/** MiniBrowser's window is never narrower; a narrower page is shown in a frame. */
const LEAST_WIDTH = 460;

/** Key codes of WebDriver (https://www.w3.org/TR/webdriver2/#keyboard-actions). */
const KEYS = {
  Tab: '\uE004',
  Enter: '\uE007',
  Escape: '\uE00C',
  Backspace: '\uE003',
  ArrowDown: '\uE015',
  End: '\uE010',
  Shift: '\uE008',
  ' ': ' ',
};

const DOWN = { type: 'pointerDown', button: 0 };
const UP = { type: 'pointerUp', button: 0 };

/** WebKitGTK, driven over plain WebDriver (https://www.w3.org/TR/webdriver2/). */
export const WEBKIT_ENGINE: Engine = {
  name: 'WebKit',
  missing:
    (MINI_BROWSER === undefined ||
      spawnSync('WebKitWebDriver', ['--version']).error ||
      spawnSync('Xvfb', ['-version']).error) !== undefined &&
    'no WebKit driver on this machine: apt-get install webkit2gtk-driver xvfb',
  looks: ['light', 'dark'],
  async launch(t, look) {
    const { display, session } = await startSession(t, look === 'dark' ? 'Adwaita:dark' : 'Adwaita');
    const page = drive(session);
    await focusWindows(display);
    await eventually(
      'the window has the focus',
      60_000,
      async () => (await page.evaluate('document.hasFocus()')) || undefined,
    );
    // The window is larger than the page by its borders and tool bar.
    const asked = { width: 900, height: 700 };
    await session('POST', '/window/rect', asked);
    const [width, height] = await page.evaluate<[number, number]>('[innerWidth, innerHeight]');
    const frame = { width: asked.width - width, height: asked.height - height };
    return drive(session, frame);
  },
};

type Session = (method: string, route: string, body?: object) => Promise<unknown>;

/** Starts display, driver and browser; all end with the test. */
async function startSession(t: Test, theme: string): Promise<{ readonly session: Session; readonly display: string }> {
  const home = mkdtempSync(path.join(tmpdir(), 'webkit-'));
  // WebKit takes this setting for the visitor's wish for reduced motion.
  mkdirSync(path.join(home, '.config/gtk-3.0'), { recursive: true });
  writeFileSync(path.join(home, '.config/gtk-3.0/settings.ini'), '[Settings]\ngtk-enable-animations=0\n');
  const [display, port] = await Promise.all([startDisplay(t), freePort()]);
  start(t, 'WebKitWebDriver', [`--port=${port}`, '--host=127.0.0.1'], {
    DISPLAY: display,
    HOME: home,
    XDG_RUNTIME_DIR: home,
    GDK_BACKEND: 'x11',
    GTK_THEME: theme,
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
  await eventually('the driver answers', 60_000, () => call('GET', '/status').catch(() => undefined));
  const options = { binary: MINI_BROWSER, args: ['--automation'] };
  const capabilities = { alwaysMatch: { 'webkitgtk:browserOptions': options } };
  const { sessionId } = (await call('POST', '/session', { capabilities })) as { sessionId: string };
  const session: Session = (method, route, body) => call(method, `/session/${sessionId}${route}`, body);
  t.teardown(() => session('DELETE', '').catch(() => {}));
  return { session, display };
}

/**
 * Gives the keyboard focus to the windows of a display, as a window manager does; without it `:focus` and `:focus-visible` match
 * nothing. The requests are those of the X protocol (https://www.x.org/releases/current/doc/xproto/x11protocol.html).
 */
async function focusWindows(display: string): Promise<void> {
  const socket = connect(`/tmp/.X11-unix/X${display.slice(1)}`);
  const send = (...bytes: readonly number[]) => socket.write(Uint8Array.from(bytes));
  const read = async (bytes: number): Promise<Buffer> => {
    for (;;) {
      const found: Buffer | null = socket.read(bytes);
      if (found) return found;
      await once(socket, 'readable');
    }
  };
  const four = (id: number): number[] => [id & 0xff, (id >> 8) & 0xff, (id >> 16) & 0xff, id >>> 24];
  // "l": little-endian, protocol 11.0, no authorization. The first screen follows the vendor's name and the formats.
  send(0x6c, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const setup = await read(4 * (await read(8)).readUInt16LE(6));
  const root = setup.readUInt32LE(32 + 4 * Math.ceil(setup.readUInt16LE(16) / 4) + 8 * setup.readUInt8(21));
  // QueryTree; then SetInputFocus, which fails for windows that are not shown.
  send(15, 0, 2, 0, ...four(root));
  const tree = await read(4 * (await read(32)).readUInt32LE(4));
  for (let at = 0; at < tree.length; at += 4) send(42, 2, 3, 0, ...tree.subarray(at, at + 4), 0, 0, 0, 0);
  await new Promise<void>((resolve) => socket.end(resolve));
}

/** @param border how much larger the window is than the page */
function drive(session: Session, border: Size = { width: 0, height: 0 }): BrowserPage {
  let size: Size | undefined;
  const resize = async (wanted: Size): Promise<void> => {
    if (wanted.width === size?.width && wanted.height === size.height) return;
    size = wanted;
    const width = Math.max(wanted.width, LEAST_WIDTH) + border.width;
    await session('POST', '/window/rect', { width, height: wanted.height + border.height });
  };
  const pointer = (...actions: readonly object[]) =>
    session('POST', '/actions', {
      actions: [{ type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions }],
    });
  const move = (x: number, y: number) => ({ type: 'pointerMove', x: Math.round(x), y: Math.round(y), duration: 0 });
  const keys = (actions: readonly object[]) =>
    session('POST', '/actions', { actions: [{ type: 'key', id: 'keyboard', actions }] });
  const tap = (value: string) => [
    { type: 'keyDown', value },
    { type: 'keyUp', value },
  ];
  return {
    async goto(url, wanted = USUAL_SIZE) {
      await resize(wanted);
      await session('POST', '/frame', { id: null });
      if (wanted.width >= LEAST_WIDTH) return void (await session('POST', '/url', { url }));
      const style = `border:0;width:${wanted.width}px;height:${wanted.height}px`;
      const html = `<!doctype html><body style="margin:0"><iframe style="${style}" src="${url}"></iframe>`;
      await session('POST', '/url', { url: `data:text/html,${encodeURIComponent(html)}` });
      await session('POST', '/frame', { id: 0 });
      // Gives the frame the focus.
      await pointer(move(1, 1), DOWN, UP);
    },
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
    screenshot: async () => Buffer.from(String(await session('GET', '/screenshot')), 'base64'),
    type: async (text) => void (await keys([...text].flatMap(tap))),
    async press(key, modifier) {
      const held = modifier ? [{ type: 'keyDown', value: KEYS[modifier] }] : [];
      const released = modifier ? [{ type: 'keyUp', value: KEYS[modifier] }] : [];
      await keys([...held, ...tap(KEYS[key]), ...released]);
    },
    back: async () => void (await session('POST', '/back', {})),
  };
}

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
