import type { LoadChunk } from './chunks.ts';
import { deliver } from './deliver.ts';
import { createDialog, type Dialog, type Model } from './dialog.ts';
import { tell, warn } from './events.ts';
import type { FormRules } from './gateway.ts';
import { isOver, sendKept } from './kept.ts';
import { languageOf, primary, spoken } from './language.ts';
import { bodyOf } from './lead.ts';
import { pause } from './pause.ts';
import { modesOf } from './rules.ts';
import { createStage } from './stage.ts';
import { createSubmission } from './submission.ts';
import { directionOf, loaded, loadTexts, textsFor } from './texts.ts';
import { createTicketDesk, type TicketRequest } from './ticket.ts';
import type { TextUsListing, TextUsTexts } from './types.ts';

/** Milliseconds that a click waits for the site's form and the language, so that nothing moves once the dialog is shown. */
const HOLD_MS = 500;

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

export function createPanel({ element, load, labels, home, stay }: PanelHost): Panel {
  let dialog: Dialog | undefined;
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
    panel.render();
  });
  const model = (): Model => {
    const asked = languageOf(element);
    const label = labels[primary(asked)];
    const { texts = {}, consent } = rules;
    const words = consent?.text ? { consent: consent.text } : undefined;
    const lang = spoken(asked, loaded, texts, element.texts);
    return {
      lang,
      dir: directionOf(lang),
      texts: textsFor(asked, label ? { button: label } : null, texts, words, element.texts),
      modes: modesOf(element, rules),
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

  /** Fetches form and texts for the dialog. If that fails, the dialog works in English and with all fields. */
  const prepare = async (): Promise<void> => {
    const code = primary(languageOf(element));
    await Promise.allSettled([tickets.get(stay()), labels[code] && loadTexts(code, load)]);
    panel.render();
  };

  const stage = createStage(element);

  const panel: Panel = {
    async open() {
      const signal = stay();
      if (signal.aborted || dialog?.element.open) return;
      dialog ??= createDialog({
        submit: () => submission.submit(),
        cancel: () => submission.cancel(),
        closed: stage.leave,
      });
      await Promise.race([prepare(), pause(HOLD_MS, signal).catch(() => {})]);
      if (signal.aborted) return;
      panel.render();
      if (stage.enter(dialog)) tell(element, 'text-us:open', null);
      else warn(element, { code: 'not_visible', message: 'is not opened, because the page hides everything' });
    },
    close: () => dialog?.close(),
    render: () => dialog?.show(model()),
    reload() {
      tickets.drop();
      rules = {};
      if (dialog?.element.open) void prepare();
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
