import { ATTRIBUTES, given, reflectAttributes, upgradeProperties } from './attributes.ts';
import { loadChunk } from './chunks.ts';
import { kebab, make } from './dom.ts';
import { tell, warn } from './events.ts';
import { LABELS, languageOf, primary, spoken } from './language.ts';
import type { createPanel, Panel } from './panel.ts';
import { pause, unless } from './pause.ts';
import { styleSheet } from './style.ts';
import type { TextUsElement, TextUsListing, TextUsTexts } from './types.ts';

/** The minified `button.css`. The build inserts it. */
declare const STYLE: string;

let sheet: CSSStyleSheet | undefined;

/** Milliseconds between two attempts to send kept leads. */
const KEPT_AGAIN_MS = 60_000;
/** Milliseconds before each further attempt of a click to load the dialog. */
const LOAD_AGAIN_MS = [500, 2000, 4000];
/** The script is `/widget/v1.js` of its gateway. */
const HOME = new URL('../', import.meta.url).href;

/** `<text-us>`: a button. What is behind it is another file, which is loaded when a visitor comes near. */
export class TextUs extends HTMLElement implements Pick<TextUsElement, 'open' | 'close' | 'listing' | 'texts'> {
  static readonly observedAttributes = ATTRIBUTES;

  readonly #label = make('slot', { name: 'button' });
  readonly #button = make('button', { part: 'button', type: 'button', 'aria-haspopup': 'dialog' });
  #loading: Promise<Panel> | undefined;
  #panel: Panel | undefined;
  #texts: TextUsTexts | null | undefined;
  #listing: TextUsListing | null | undefined;
  #opening: Promise<void> | undefined;
  /** Aborted when the element is removed from the document; it ends all waiting and all listeners outside the element. */
  #stay = new AbortController();

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    sheet ??= styleSheet(STYLE);
    root.adoptedStyleSheets = [sheet];
    this.#button.append(this.#label);
    this.#button.onclick = (event) => {
      // A link around the element is not followed.
      event.preventDefault();
      void this.open();
    };
    const prefetch = (): void => {
      this.#load().catch(() => {});
    };
    for (const type of ['pointerenter', 'touchstart', 'focus']) {
      this.#button.addEventListener(type, prefetch, { passive: true });
    }
    root.append(this.#button);
  }

  connectedCallback(): void {
    upgradeProperties(this);
    this.#stay = new AbortController();
    const { signal } = this.#stay;
    // The dialog is loaded also where nothing is kept: such a visitor may be offline at the click.
    const sendKept = (): void => {
      if (this.hasAttribute('keep-offline'))
        this.#load().then(
          (panel) => panel.sendKept(),
          () => {},
        );
    };
    addEventListener('online', sendKept, { signal });
    const timer = setInterval(sendKept, KEPT_AGAIN_MS);
    signal.addEventListener('abort', () => clearInterval(timer));
    this.#render();
    sendKept();
  }

  disconnectedCallback(): void {
    this.#stay.abort();
    this.#panel?.leave();
  }

  attributeChangedCallback(name: string): void {
    if (name === 'listing') this.#listing = undefined;
    if (name === 'texts') this.#texts = undefined;
    if (!this.isConnected) return;
    this.#render();
    if (/^(site|base|lang)$/.test(name)) this.#panel?.reload();
  }

  /** The listing that the visitor looks at. The attribute or the property counts, whichever was set last. */
  get listing(): TextUsListing | null {
    return given(this.#listing, this.getAttribute('listing'));
  }

  set listing(listing: TextUsListing | null) {
    this.#listing = listing;
  }

  /** Texts that replace those of the button and the site. As with the listing, the value set last counts. */
  get texts(): TextUsTexts {
    return Object(given(this.#texts, this.getAttribute('texts')));
  }

  set texts(texts: TextUsTexts | null) {
    this.#texts = texts;
    this.#render();
  }

  override focus(options?: FocusOptions): void {
    this.#button.focus(options);
  }

  /** Opens the dialog. Resolves once it is shown, or once it is clear that it cannot be. */
  open(): Promise<void> {
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /** Closes the dialog. The form keeps its values, and a running submission continues. */
  close(): void {
    this.#panel?.close();
  }

  async #open(): Promise<void> {
    const { signal } = this.#stay;
    if (!this.isConnected) return;
    this.#button.setAttribute('aria-busy', 'true');
    try {
      await this.#openPatiently(signal);
    } catch (error) {
      if (!signal.aborted) this.#fallBack(error);
    } finally {
      this.#button.removeAttribute('aria-busy');
    }
  }

  /** Loads the dialog once. After a failure the next call tries again. */
  #load(): Promise<Panel> {
    this.#loading ??= loadChunk<{ createPanel: typeof createPanel }>('dialog').then(
      (part) => {
        const stay = (): AbortSignal => this.#stay.signal;
        const shared = { make, kebab, tell, warn, languageOf, primary, pause, unless, styleSheet };
        this.#panel = part.createPanel({ element: this, load: loadChunk, labels: LABELS, home: HOME, stay, shared });
        return this.#panel;
      },
      (error) => {
        this.#loading = undefined;
        throw error;
      },
    );
    return this.#loading;
  }

  /** Opens the dialog once its parts are there: they may need a connection that comes back. */
  async #openPatiently(signal: AbortSignal): Promise<void> {
    for (const ms of LOAD_AGAIN_MS) {
      try {
        return await (await unless(signal, this.#load())).open();
      } catch {
        await pause(ms, signal, 'online');
      }
    }
    await (await unless(signal, this.#load())).open();
  }

  /** Shows the page's own content instead of a button that does nothing. */
  #fallBack(error: unknown): void {
    warn(this, { code: 'not_loaded', message: `cannot load its dialog: ${error}` });
    if (!this.querySelector(':scope > :not([slot])')) return;
    this.#button.replaceWith(make('slot'));
    this.querySelector<HTMLElement>(':scope > a')?.focus();
  }

  #render(): void {
    const lang = languageOf(this);
    this.#button.lang = spoken(lang, LABELS, this.texts);
    this.#label.textContent = this.texts.button ?? LABELS[primary(lang)] ?? (LABELS.en as string);
    this.#panel?.render();
  }
}

reflectAttributes(TextUs.prototype);
