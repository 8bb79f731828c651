import { deliver, type Outcome } from './deliver.ts';
import type { Dialog, Model } from './dialog.ts';
import { explain, missing } from './explain.ts';
import { alone, forget, isOver, keep } from './kept.ts';
import { bodyOf, type Lead, newKey } from './lead.ts';
import type { TicketDesk } from './ticket.ts';
import type { TextUsEventMap, TextUsListing } from './types.ts';

export type Host = {
  readonly element: HTMLElement;
  readonly dialog: () => Dialog | undefined;
  readonly model: () => Model;
  readonly listing: () => TextUsListing | null;
  /** Version of the consent's text, where the site has one. */
  readonly consentVersion: () => string | undefined;
  readonly base: () => string;
  /** Whether unsent leads may stay on the device. */
  readonly keeps: () => boolean;
  readonly tickets: TicketDesk;
};

export type Submission = {
  /** One click on "Send". Nothing happens while an earlier one is under way. */
  submit(): Promise<void>;
  cancel(): void;
  /** Tells page and visitor what became of a lead, also of one that was kept earlier. */
  settle(lead: Lead, outcome: Outcome): void;
};

/** Dispatches an event of the element; false when the page cancelled it. */
export function tell<K extends keyof TextUsEventMap>(
  element: HTMLElement,
  name: K,
  detail: TextUsEventMap[K]['detail'],
): boolean {
  return element.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, cancelable: true, detail }));
}

/** From what stands in the form to what the visitor is told. */
export function createSubmission(host: Host): Submission {
  const { element, tickets } = host;
  let sending: AbortController | undefined;
  /** Content and key of the last click: the same content again is the same lead, however often it is sent. */
  let content = '';
  let key = '';

  const leadOf = (dialog: Dialog): Lead => {
    const body = bodyOf(element, host.listing(), dialog.values(), host.consentVersion());
    const text = JSON.stringify(body);
    if (text !== content) key = newKey();
    content = text;
    return { base: host.base(), key, body, trap: dialog.trap() };
  };

  const submission: Submission = {
    async submit() {
      const dialog = host.dialog();
      if (!dialog || sending) return;
      const absent = missing(dialog.values(), host.model());
      dialog.complain(absent ?? {});
      if (absent) return;
      const lead = leadOf(dialog);
      if (!tell(element, 'text-us:submit', { key })) return;

      const controller = new AbortController();
      const { signal } = controller;
      sending = controller;
      dialog.busy(host.model().texts.sending);
      const send = async (): Promise<void> => {
        const kept = host.keeps() && keep(lead, Date.now());
        const outcome = await deliver(lead, {
          signal,
          ticket: (fresh) => tickets.get(fresh, signal),
          onProgress(progress) {
            const { texts } = host.model();
            dialog.busy(texts[progress === 'offline' && kept ? 'kept' : progress]);
          },
        });
        if (isOver(outcome) || outcome.kind === 'stopped') forget(lead);
        dialog.busy(undefined);
        sending = undefined;
        submission.settle(lead, outcome);
      };
      await (host.keeps() ? alone(lead, true, send) : send());
    },

    cancel: () => sending?.abort(),

    settle(lead, outcome) {
      const { texts } = host.model();
      const dialog = lead.key === key ? host.dialog() : undefined;
      if (outcome.kind === 'stopped') return dialog?.complain({}, texts.stopped);
      const { status = 0, body = {}, retryAfterS } = outcome.answer ?? {};
      if (outcome.kind === 'safe') {
        content = '';
        tickets.drop();
        if (status === 201) dialog?.done(texts.delivered, texts.deliveredText);
        else dialog?.done(texts.stored, texts.storedText);
        tell(element, 'text-us:success', { key: lead.key, id: String(body.id), status: String(body.status) });
        return;
      }
      if (outcome.kind === 'failed') dialog?.complain({}, host.keeps() ? texts.kept : texts.failed);
      else {
        const { messages, general } = explain(outcome.answer, host.model());
        dialog?.complain(messages, general);
      }
      tell(element, 'text-us:error', {
        key: lead.key,
        code: String(body.code ?? 'unreachable'),
        status,
        ...(retryAfterS && { retryAfterS }),
        ...(Array.isArray(body.errors) && { errors: body.errors }),
      });
    },
  };
  return submission;
}
