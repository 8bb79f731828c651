import type { Test } from 'tap';
import type { WidgetFiles } from '../../../scripts/build-widget.ts';
import { eventually } from '../eventually.ts';
import type { BrowserPage, Engine, Look, Size } from './browser-page.ts';
import type { FakeGateway, Reply } from './fake-gateway.ts';
import { type PageOptions, serveButton } from './page-launcher.ts';
import { PAGE_TOOLS } from './page-tools.ts';

/** What the checks of all engines get. */
export type TestBrowser = {
  readonly engine: Engine;
  readonly page: BrowserPage;
  readonly files: WidgetFiles;
  /** The page with a button on it, and that button's gateway on another origin. */
  show(t: Test, options?: StageOptions): Promise<Stage>;
};

export type StageOptions = Omit<PageOptions, 'context'> & {
  readonly size?: Size;
  readonly form?: FakeGateway['form'];
  /** How the first posts end. */
  readonly posts?: readonly Reply[];
};

export type Heard = { readonly type: string; readonly detail: Readonly<Record<string, unknown>> | null };

export type Stage = Visitor & {
  readonly page: BrowserPage;
  readonly gateway: FakeGateway;
  readonly url: string;
  /** Uncaught errors of the page, and violations of its policy. */
  complaints(): Promise<string[]>;
  /** Events of the button so far. */
  events(): Promise<Heard[]>;
  /** Waits for so many events of this type. */
  heard(type: string, count: number): Promise<void>;
  /** Waits until the button waits before its next call, and ends that wait. Gives its length in milliseconds. */
  passWait(): Promise<number>;
  /** Waits for a call that gets no answer, and ends it after the ten seconds that it may take. */
  passTimeOut(): Promise<void>;
  /** Cuts the connection, or restores it. */
  setOnline(online: boolean): Promise<void>;
};

/** What a visitor sees and does, by the names that people and screen readers know. */
export type Visitor = {
  /** Clicks the button and waits until the dialog has the focus. */
  open(): Promise<void>;
  click(role: string, name?: Name): Promise<void>;
  fill(values: Readonly<Record<string, string>>): Promise<void>;
  /** Opens the dialog, fills in the phone and clicks "Send". */
  ask(phone?: string): Promise<void>;
  /** Waits for the heading of the dialog. */
  reads(heading: Name): Promise<void>;
  /** Waits for an announcement, polite or at once. */
  hears(role: 'status' | 'alert', words: string): Promise<void>;
  /** Waits until these fields are wrong, each with its message, and no others. */
  findsWrong(fields: readonly (readonly [name: string, message: string])[]): Promise<void>;
  /** Whether it is there and visible. */
  sees(role: string, name?: Name): Promise<boolean>;
  /** An expression of the page about an element; `it` is the element. */
  of<T>(role: string, name: Name | undefined, expression: string): Promise<T>;
  /** Waits until the element is there. */
  awaits(role: string, name?: Name): Promise<void>;
  /** Waits until it is not. */
  misses(role: string, name?: Name): Promise<void>;
  /** Presses Escape and waits until the dialog is closed and has told so. */
  leave(): Promise<void>;
  /** Role and name of what has the focus. */
  focus(): Promise<string>;
};

export type Name = string | RegExp;

/** Names of the fields in English, by the lead's member. */
export const FIELDS = {
  phone: /^Mobile number/,
  firstName: /^First name/,
  lastName: /^Last name/,
  question: /^Your question/,
} as const;

/** Far more than anything takes, also where other work keeps the machine busy. */
const PATIENCE_MS = 60_000;
/** An expression is looked at again after this time, because a page that is left may never say anything. */
const LOOK_MS = 2000;

/** Waits for the value of an expression, which the page itself looks at again and again. */
export function until<T = unknown>(page: BrowserPage, expression: string): Promise<T> {
  const look = `new Promise((resolve) => {
    const set = window.tools?.setTimeout ?? setTimeout;
    const giveUpAt = Date.now() + ${LOOK_MS};
    const look = async () => {
      let value;
      try { value = await (${expression}); } catch {}
      // Only data reaches the test.
      if (value || Date.now() > giveUpAt) resolve(value instanceof Node || typeof value === 'function' || value || null);
      else set(look, 10);
    };
    look();
  })`;
  const value = async () => (await page.evaluate<T>(look).catch(() => null)) ?? undefined;
  return eventually(expression, PATIENCE_MS, value).catch(async ({ message }) => {
    const shown = await page.evaluate('window.tools?.wordsOf(document.body)').catch(String);
    throw new Error(`${message}; the page says: ${shown}`);
  });
}

/** Starts an engine. Its checks share one page, which shows one address after the other. */
export async function startTestBrowser(t: Test, engine: Engine, files: WidgetFiles, look?: Look): Promise<TestBrowser> {
  const page = await engine.launch(t, look);
  return {
    engine,
    page,
    files,
    async show(t, { size, form, posts = [], ...options } = {}) {
      const { gateway, url } = await serveButton(t, files, { ...options, script: PAGE_TOOLS });
      if (form) gateway.form = form;
      gateway.next.post.push(...posts);
      await page.goto(url, size);
      return stageOf(page, gateway, url);
    },
  };
}

function stageOf(page: BrowserPage, gateway: FakeGateway, url: string): Stage {
  return {
    ...visitorOf(page),
    page,
    gateway,
    url,
    complaints: () => page.evaluate('tools.complaints'),
    events: () => page.evaluate('tools.heard'),
    heard: async (type, count) =>
      void (await until(page, `tools.heard.filter(({ type }) => type === '${type}').length >= ${count}`)),
    passWait: () => until(page, `tools.elapse('wait')`),
    passTimeOut: async () => void (await until(page, `tools.elapse('call')`)),
    async setOnline(online) {
      gateway.isDown = !online;
      await page.evaluate(`tools.setOnline(${online})`);
    },
  };
}

/** @param host selector of the button, where a page has several */
export function visitorOf(page: BrowserPage, host = 'text-us'): Visitor {
  const query = (role: string, name?: Name): string =>
    [role, name].map((part) => (typeof part === 'string' ? JSON.stringify(part) : String(part))).join();
  const visitor: Visitor = {
    async open() {
      const button = `tools.target('button', undefined, document.querySelector('${host}'))`;
      await clickOn(page, `customElements.get('text-us') && ${button}`);
      await until(page, `tools.find('dialog')?.contains(tools.active())`);
    },
    click: (role, name) => clickOn(page, `tools.target(${query(role, name)})`),
    async fill(values) {
      for (const [name, value] of Object.entries(values)) {
        const field = query('textbox', FIELDS[name as keyof typeof FIELDS] ?? name);
        await until(page, `tools.fill(tools.find(${field}), ${JSON.stringify(value)})`);
      }
    },
    async ask(phone = '(404) 555-1212') {
      await visitor.open();
      await visitor.fill({ phone });
      await visitor.click('button', 'Send');
    },
    reads: (heading) => visitor.awaits('heading', heading),
    hears: async (role, words) =>
      void (await until(
        page,
        `tools.all('${role}').some((it) => tools.wordsOf(it).includes(${JSON.stringify(words)}))`,
      )),
    findsWrong: async (fields) =>
      void (await until(page, `JSON.stringify(tools.wrong()) === ${JSON.stringify(JSON.stringify(fields))}`)),
    sees: (role, name) => page.evaluate(`Boolean(tools.find(${query(role, name)}))`),
    of: (role, name, expression) => page.evaluate(`((it) => (${expression}))(tools.find(${query(role, name)}))`),
    awaits: async (role, name) => void (await until(page, `tools.find(${query(role, name)})`)),
    misses: async (role, name) => void (await until(page, `!tools.find(${query(role, name)})`)),
    async leave() {
      await page.press('Escape');
      await visitor.misses('dialog');
      // Chromium dispatches the event with the next frame.
      await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
    },
    focus: () => page.evaluate('tools.focus()'),
  };
  return visitor;
}

async function clickOn(page: BrowserPage, target: string): Promise<void> {
  const { x, y } = await until<{ x: number; y: number }>(page, target);
  await page.click(x, y);
}
