import { ATTRIBUTES, given, reflectAttributes, upgradeProperties } from './attributes.ts';
import { deliver } from './deliver.ts';
import { createDialog, type Dialog, type Model } from './dialog.ts';
import { make } from './dom.ts';
import type { FormRules } from './gateway.ts';
import { isOver, sendKept } from './kept.ts';
import { bodyOf } from './lead.ts';
import { pause } from './pause.ts';
import { modesOf } from './rules.ts';
import { sheet } from './style.ts';
import { createSubmission, tell } from './submission.ts';
import { directionOf, LABELS, languageOf, loaded, loadTexts, spoken, textsFor } from './texts.ts';
import { createTicketDesk, type TicketRequest } from './ticket.ts';
import type { TextUsElement, TextUsListing, TextUsTexts } from './types.ts';

/** Milliseconds that a click waits for the site's form and the language, so that nothing moves once the dialog is shown. */
const HOLD_MS = 500;
/** Milliseconds between two attempts to send kept leads. */
const KEPT_AGAIN_MS = 60_000;
/** The script is `/widget/v1.js` of its gateway. */
const HOME = new URL('../', import.meta.url).href;

/** `<text-us>`: a button and, from the first click on, its dialog. */
export class TextUs extends HTMLElement implements Pick<TextUsElement, 'open' | 'close' | 'listing' | 'texts'> {
  static readonly observedAttributes = ATTRIBUTES;

  readonly #label = make('slot', { name: 'button' });
  readonly #button = make('button', { part: 'button', 'aria-haspopup': 'dialog' });
  readonly #tickets = createTicketDesk(
    () => this.#request(),
    (rules) => {
      this.#rules = rules;
      this.#render();
    },
  );
  readonly #submission = createSubmission({
    element: this,
    dialog: () => this.#dialog,
    model: () => this.#model(),
    body: (dialog) => bodyOf(this, this.listing, dialog, this.#rules.consent?.version),
    base: () => this.#request().base,
    tickets: this.#tickets,
  });
  #dialog: Dialog | undefined;
  #rules: FormRules = {};
  #texts: TextUsTexts | null | undefined;
  #listing: TextUsListing | null | undefined;
  #opening: Promise<void> | undefined;
  /** Aborted when the element is removed from the document; it ends all waiting and all listeners outside the element. */
  #stay = new AbortController();

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = [sheet];
    this.#button.append(this.#label);
    this.#button.onclick = () => this.open();
    root.append(this.#button);
  }

  connectedCallback(): void {
    upgradeProperties(this);
    this.#stay = new AbortController();
    const { signal } = this.#stay;
    const sendKept = () => this.#sendKept(signal);
    addEventListener('online', sendKept, { signal });
    const timer = setInterval(sendKept, KEPT_AGAIN_MS);
    signal.addEventListener('abort', () => clearInterval(timer));
    this.#render();
    sendKept();
  }

  disconnectedCallback(): void {
    this.#stay.abort();
    this.#tickets.drop();
    this.close();
  }

  attributeChangedCallback(name: string): void {
    if (name === 'listing') this.#listing = undefined;
    if (name === 'texts') this.#texts = undefined;
    if (!this.isConnected) return;
    this.#render();
    if (!/^(site|base|lang)$/.test(name)) return;
    this.#tickets.drop();
    this.#rules = {};
    if (this.#dialog?.element.open) void this.#prepare();
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

  /** Opens the dialog. Resolves once it is shown. */
  open(): Promise<void> {
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /** Closes the dialog. The form keeps its values, and a running submission continues. */
  close(): void {
    this.#dialog?.element.close();
  }

  async #open(): Promise<void> {
    const { signal } = this.#stay;
    if (!this.isConnected || this.#dialog?.element.open) return;
    if (!this.#dialog) {
      this.#dialog = createDialog({
        submit: () => this.#submission.submit(),
        cancel: () => this.#submission.cancel(),
        close: () => this.close(),
      });
      this.shadowRoot?.append(this.#dialog.element);
    }
    this.#button.setAttribute('aria-busy', 'true');
    await Promise.race([this.#prepare(), pause(HOLD_MS, signal).catch(() => {})]);
    this.#button.removeAttribute('aria-busy');
    if (signal.aborted) return;
    this.#render();
    this.#dialog.element.showModal();
    this.#dialog.focus();
    tell(this, 'text-us:open', null);
  }

  /** Fetches form and texts for the dialog. If that fails, the dialog works in English and with all fields. */
  async #prepare(): Promise<void> {
    const { signal } = this.#stay;
    await Promise.allSettled([this.#tickets.get(signal), loadTexts(languageOf(this))]);
    this.#render();
  }

  #render(): void {
    const model = this.#model();
    this.#button.lang = spoken(languageOf(this), LABELS, this.texts);
    this.#label.textContent = model.texts.button;
    this.#dialog?.show(model);
  }

  #model(): Model {
    const asked = languageOf(this);
    const { texts = {}, consent } = this.#rules;
    const words = consent?.text ? { consent: consent.text } : undefined;
    const lang = spoken(asked, loaded, texts, this.texts);
    return {
      lang,
      dir: directionOf(lang),
      texts: textsFor(asked, texts, words, this.texts),
      modes: modesOf(this, this.#rules),
    };
  }

  #request(): TicketRequest {
    return {
      base: new URL(this.getAttribute('base') ?? HOME, HOME).href.replace(/\/?$/, '/'),
      site: this.getAttribute('site') ?? '',
      lang: languageOf(this),
      worker: this.hasAttribute('worker'),
    };
  }

  async #sendKept(signal: AbortSignal): Promise<void> {
    if (!this.hasAttribute('keep-offline')) return;
    const request = this.#request();
    await sendKept(request.base, Date.now(), async (lead) => {
      const tickets = createTicketDesk(() => ({ ...request, site: String(lead.body.site) }));
      const outcome = await deliver(lead, { tickets, signal });
      if (isOver(outcome)) this.#submission.settle(lead, outcome);
      return outcome;
    });
  }
}

reflectAttributes(TextUs.prototype);
