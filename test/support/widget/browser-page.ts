import type { Test } from 'tap';

/** Keys by the names of `KeyboardEvent.key`; a space is `' '`. */
export type Key = 'Tab' | 'Enter' | 'Escape' | 'Backspace' | 'ArrowDown' | 'End' | ' ';

/**
 * What tests do with a page in any engine. Points are in CSS pixels of the page's viewport. Keys and clicks are those of the
 * browser's own input, not events that a script dispatches.
 */
export type BrowserPage = {
  /** Shows an address in a viewport of this size; by default 800 by 600 pixels. */
  goto(url: string, size?: Size): Promise<void>;
  /** Gives the value of an expression, which has a form in JSON; a promise is awaited. */
  evaluate<T>(expression: string): Promise<T>;
  click(x: number, y: number): Promise<void>;
  /** Presses at the first point, and releases at the second. */
  drag(from: Point, to: Point): Promise<void>;
  /** Turns the wheel downwards over the point. */
  wheel(x: number, y: number): Promise<void>;
  /** A picture of the viewport, as PNG. */
  screenshot(): Promise<Buffer>;
  type(text: string): Promise<void>;
  press(key: Key, modifier?: 'Shift'): Promise<void>;
  /** Goes back in the history. The page is not there yet when this returns. */
  back(): Promise<void>;
};

export type Point = readonly [x: number, y: number];

export type Size = { readonly width: number; readonly height: number };

export const USUAL_SIZE: Size = { width: 800, height: 600 };

/** What the visitor has set in the browser or the system. */
export type Look = 'light' | 'dark' | 'forced colours';

export type Engine = {
  readonly name: 'Chromium' | 'Firefox' | 'WebKit';
  /** The reason why its tests are skipped on this machine; `false` if they run. */
  readonly missing: string | false;
  /** The looks that a visitor can choose in this engine. */
  readonly looks: readonly Look[];
  /** Starts the browser, which shows one page and prefers reduced motion; it ends with the test. */
  launch(t: Test, look?: Look): Promise<BrowserPage>;
};
