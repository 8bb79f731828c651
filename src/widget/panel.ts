import type { LoadChunk } from './chunks.ts';
import { deliver } from './deliver.ts';
import { type AllTexts, createDialog, type Dialog, type Model } from './dialog.ts';
import type { FormRules } from './gateway.ts';
import { isOver, sendKept } from './kept.ts';
import { bodyOf } from './lead.ts';
import { modesOf } from './rules.ts';
import { languageOf, pause, primary, type Shared, share, tell, warn } from './shared.ts';
import { createStage } from './stage.ts';
import { createSubmission } from './submission.ts';
import { createTicketDesk, type TicketRequest } from './ticket.ts';
import type { TextUsListing, TextUsTexts } from './types.ts';

/** Milliseconds that a click waits for the site's form and the language, so that nothing moves once the dialog is shown. */
const HOLD_MS = 500;

/** Values of a listing that name it, in their order. */
const FACTS = 'year make model trim'.split(' ');

/** The element as its dialog sees it. */
export type PanelHost = {
  readonly element: HTMLElement & { readonly listing: TextUsListing | null; readonly texts: TextUsTexts };
  /** Loads another part of the script. */
  readonly load: LoadChunk;
  /** Labels of the button by language: the languages that it speaks. */
  readonly labels: Readonly<Record<string, string>>;
  /** Address of the gateway that served the script, with a slash at its end. */
  readonly home: string;
  /** Aborted when the element is removed from the document. */
  readonly stay: () => AbortSignal;
  readonly shared: Shared;
};

/** Everything behind the button: the dialog, the site's rules, and what is sent. */
export type Panel = {
  /** Opens the dialog. Resolves once it is shown. */
  open(): Promise<void>;
  /** Closes the dialog. The form keeps its values, and a running submission continues. */
  close(): void;
  /** Takes over changed texts and attributes. */
  render(): void;
  /** Takes over another site, gateway or language. */
  reload(): void;
  /** The element was removed from the document. */
  leave(): void;
  /** Sends the leads that this device keeps. */
  sendKept(): Promise<void>;
};

export function createPanel({ element, load, labels, home, stay, shared }: PanelHost): Panel {
  share(shared);
  let dialog: Dialog | undefined;
  /** What the dialog says, and in which language. It comes with the site's form, or else as a part of the script. */
  let words: { readonly lang: string; readonly texts: TextUsTexts } | undefined;
  let rules: FormRules = {};

  const request = (): TicketRequest => ({
    base: new URL(element.getAttribute('base') ?? home, home).href.replace(/\/?$/, '/'),
    site: element.getAttribute('site')?.trim() ?? '',
    lang: languageOf(element),
    worker: element.hasAttribute('worker'),
    load,
  });
  const tickets = createTicketDesk(request, (given) => {
    rules = given;
    if (given.lang && given.texts) words = { lang: given.lang, texts: given.texts };
    panel.render();
  });
  const model = (): Model => {
    const own = element.texts;
    const asked = languageOf(element);
    const lang = Object.keys(own)[0] ? asked : (words?.lang ?? 'en');
    const texts = { button: labels[primary(asked)] ?? labels.en, ...words?.texts, ...own } as AllTexts;
    return {
      lang,
      dir: /^(ar|dv|fa|he|ps|ur|yi)$/.test(primary(lang)) ? 'rtl' : 'ltr',
      texts: { ...texts, heading: headingOf(texts.heading, element.listing) || texts.button },
      modes: modesOf(element, rules),
      rules,
      country: element.getAttribute('country')?.trim().toUpperCase(),
    };
  };
  const submission = createSubmission({
    element,
    dialog: () => dialog,
    model,
    body: (dialog, warn) => bodyOf(element, element.listing, dialog, rules.consent?.version, warn),
    warn: (pointer, message) => warn(element, { code: 'page_data', pointer, message }),
    base: () => request().base,
    tickets,
  });

  /** Fetches the site's form. If that fails, the dialog works with all fields. */
  const prepare = (): Promise<void> =>
    tickets.get(stay()).then(
      () => panel.render(),
      () => {},
    );

  /** Loads the texts that stand in for those of the form. */
  const loadWords = async (): Promise<void> => {
    const asked = languageOf(element);
    const code = primary(asked) in labels ? primary(asked) : 'en';
    const { texts } = await load<{ texts: TextUsTexts }>(code);
    words ??= { lang: code === 'en' && primary(asked) !== code ? code : asked, texts };
  };
  // Such a visitor may be offline at the click.
  if (element.hasAttribute('keep-offline')) loadWords().catch(() => {});

  const stage = createStage(element);

  const panel: Panel = {
    async open() {
      const signal = stay();
      if (signal.aborted || dialog?.element.open) return;
      dialog ??= createDialog({
        submit: () => submission.submit(),
        cancel: () => submission.cancel(),
        closed() {
          stage.leave();
          submission.closed();
        },
      });
      const form = prepare();
      await Promise.race([form, pause(HOLD_MS, signal).catch(() => {})]);
      if (!words) await Promise.any([loadWords(), form.then(() => words ?? Promise.reject())]);
      if (signal.aborted) return;
      panel.render();
      if (stage.enter(dialog)) tell(element, 'text-us:open', null);
      else warn(element, { code: 'not_visible', message: 'is hidden by the page' });
    },
    close: () => dialog?.close(),
    render: () => words && dialog?.show(model()),
    reload() {
      tickets.drop();
      rules = {};
      words = undefined;
      if (!dialog?.element.open) return;
      void prepare().then(() => words || (loadWords().then(panel.render, () => {}) as unknown));
    },
    leave() {
      tickets.drop();
      panel.close();
    },
    async sendKept() {
      const signal = stay();
      const asked = request();
      await sendKept(asked.base, Date.now(), async (lead) => {
        const desk = createTicketDesk(() => ({ ...asked, site: String(lead.body.site) }));
        const outcome = await deliver(lead, { tickets: desk, signal });
        if (isOver(outcome)) submission.settle(lead, outcome);
        return outcome;
      });
    },
  };
  return panel;
}

/** Puts the listing into a heading that asks for it. @returns nothing where there is no listing to put in */
function headingOf(heading = '', listing: TextUsListing | null): string {
  const facts = FACTS.map((name) => Object(listing)[name]).filter(Boolean);
  const title = typeof listing === 'string' ? listing : facts.join(' ');
  // Isolated, so that a year keeps its place in a sentence that runs from right to left.
  const whole = heading.replace('{listing}', () => `\u2068${title}\u2069`);
  return title || whole === heading ? whole : '';
}
