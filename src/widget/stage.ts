import type { Dialog } from './dialog.ts';
import { make, styleSheet } from './shared.ts';

/** The minified `dialog.css`. The build inserts it. */
declare const STYLE: string;

let sheet: CSSStyleSheet | undefined;

/** Where the dialog of an element is shown. */
export type Stage = {
  /** Shows the dialog; `false` if nothing on the page is visible. */
  enter(dialog: Dialog): boolean;
  /** Tidies up after the dialog was closed. */
  leave(): void;
};

/** Custom properties of the page, and the colour scheme: what the dialog takes from the element's surroundings. */
const INHERITED = [
  'color-scheme',
  ...'accent on-accent background color radius font'.split(' ').map((name) => `--text-us-${name}`),
];

/**
 * A modal dialog that is not rendered makes the whole page inert, and nothing shows. If the page hides the element, by a rule for
 * `hidden`, in a menu that closes or in a closed `<details>`, the dialog is therefore shown in a copy of the element at the
 * start of the page. The element itself stays where it is, because the page's framework may remove it at any time.
 */
export function createStage(element: HTMLElement): Stage {
  let copy: HTMLElement | undefined;
  let current: Dialog | undefined;
  let unlock: (() => void) | undefined;

  const place = (dialog: Dialog): boolean => {
    const { element: shown } = dialog;
    // Without a `close` event, which would tell that the visitor left.
    shown.remove();
    shown.open = false;
    copy?.remove();
    copy = undefined;
    // Stronger than a rule of the page for `hidden`, even an important one.
    if (element.hidden) element.style.setProperty('display', 'contents', 'important');
    // A page's own modal hides everything beside it from screen readers.
    if (!isRendered(element) || element.closest('[aria-hidden=true]')) {
      copy = copyOf(element);
      // A page that looks for the element may find the copy.
      Object.assign(copy, { open: async () => {}, close: dialog.close });
      document.body.prepend(copy);
      if (!isRendered(copy)) return false;
    }
    const root = (copy ?? element).shadowRoot as ShadowRoot;
    const [own] = root.adoptedStyleSheets;
    sheet ??= styleSheet(STYLE);
    root.adoptedStyleSheets = own ? [own, sheet] : [sheet];
    root.append(shown);
    dialog.open();
    return true;
  };

  /** The page may hide the element, and with it the dialog, at any time. */
  const watcher = new IntersectionObserver(() => {
    if (current?.element.open && element.isConnected && !isShown(current.element) && !place(current)) current.close();
  });

  const stage: Stage = {
    enter(dialog) {
      if (!place(dialog)) {
        stage.leave();
        return false;
      }
      current = dialog;
      watcher.observe(dialog.element);
      unlock ??= lockScrolling();
      return true;
    },
    leave() {
      current = undefined;
      watcher.disconnect();
      unlock?.();
      unlock = undefined;
      if (element.hidden) element.style.removeProperty('display');
      copy?.remove();
      copy = undefined;
    },
  };
  return stage;
}

function copyOf(element: HTMLElement): HTMLElement {
  const copy = element.cloneNode(true) as HTMLElement;
  for (const name of ['id', 'hidden', 'keep-offline', 'style']) copy.removeAttribute(name);
  copy.setAttribute('position', 'none');
  const style = getComputedStyle(element);
  for (const name of INHERITED) copy.style.setProperty(name, style.getPropertyValue(name));
  copy.style.setProperty('display', 'contents', 'important');
  return copy;
}

/** Keeps a page that can be scrolled where it is. Gives the function that ends it. */
function lockScrolling(): () => void {
  const { style, scrollHeight, clientWidth } = document.documentElement;
  const { overflow, scrollbarGutter } = style;
  if (scrollHeight > innerHeight) style.overflow = 'hidden';
  // Otherwise the page loses its scroll bar, and everything on it moves.
  if (innerWidth > clientWidth) style.scrollbarGutter = 'stable';
  return () => Object.assign(style, { overflow, scrollbarGutter });
}

/** Whether what stands in the element is rendered. It may have no box itself. */
function isRendered(element: HTMLElement): boolean {
  const probe = make('span');
  element.shadowRoot?.append(probe);
  const isSeen = isShown(probe);
  probe.remove();
  return isSeen;
}

function isShown(element: Element): boolean {
  return element.checkVisibility?.() ?? element.getClientRects().length > 0;
}
