import { type Warn, withoutRefused } from './clean.ts';
import { deliver, type Outcome, type Progress } from './deliver.ts';
import type { Dialog, Model } from './dialog.ts';
import { explain, missing } from './explain.ts';
import { toJson } from './json.ts';
import { forget, isKept, isOver, keep, withTabLock } from './kept.ts';
import { type Lead, newKey } from './lead.ts';
import { tell } from './shared.ts';
import type { TicketDesk } from './ticket.ts';

export type Host = {
  readonly element: HTMLElement;
  readonly dialog: () => Dialog | undefined;
  readonly model: () => Model;
  /** Gives the lead's body from the current state of form and page. */
  readonly body: (dialog: Dialog, warn: Warn) => Lead['body'];
  /** Tells the page's author what was changed in the page's data. */
  readonly warn: Warn;
  readonly base: () => string;
  readonly tickets: TicketDesk;
};

export type Submission = {
  /** Handles a click on "Send". It does nothing while an earlier submission is running. */
  submit(): Promise<void>;
  cancel(): void;
  /** The dialog was closed: what is sent from now on is another message, even with the same content. */
  closed(): void;
  /** Reports the result of a lead to page and visitor, also for a lead that was kept earlier. */
  settle(lead: Lead, outcome: Outcome): void;
};

/** Creates the handler of submissions: from the values of the form to the message for the visitor. */
export function createSubmission(host: Host): Submission {
  const { element, tickets } = host;
  let sending: AbortController | undefined;
  /** Content and key of the last click. The same content is the same lead, however often it is sent. */
  let content = '';
  let key = '';
  /** While the outcome of a stored lead is shown, the visitor may come back to its form, and the same content is the same lead. */
  let isStored = false;
  /** Key of the last lead that was sent. A later lead with other content corrects it. */
  let last = '';

  /** What was changed in the page's data for the current lead. */
  let changed: { readonly pointer: string; readonly code: string }[] = [];
  const warn: Warn = (pointer, message) => {
    changed.push({ pointer, code: 'changed' });
    host.warn(pointer, message);
  };

  const leadOf = (dialog: Dialog): Lead => {
    changed = [];
    const body = host.body(dialog, warn);
    const text = toJson(body);
    if (text !== content) key = newKey();
    content = text;
    return { base: host.base(), key, body };
  };

  const submission: Submission = {
    async submit() {
      const dialog = host.dialog();
      if (!dialog || sending) return;
      if (dialog.complain(missing(dialog.values(), host.model()))) return;
      let lead = leadOf(dialog);
      if (!tell(element, 'text-us:submit', { key })) return;

      sending = new AbortController();
      const { signal } = sending;
      const say = (progress: Progress): void => {
        dialog.busy(host.model().texts[progress === 'offline' && isKept(lead.key) ? 'kept' : progress]);
      };
      say('sending');
      if (last !== lead.key) forget(last);
      last = lead.key;
      const send = (): Promise<Outcome> => deliver(lead, { tickets, signal, onProgress: say });
      let outcome: Outcome | undefined;
      try {
        for (;;) {
          if (element.hasAttribute('keep-offline')) {
            keep(lead, Date.now());
            outcome = await withTabLock(lead.key, send, signal);
          } else outcome = await send();
          const rest = outcome?.kind === 'refused' && withoutRefused(lead.body, outcome.answer.body.errors, warn);
          if (!rest) break;
          // Other content needs another key. Each round leaves out a part, so this ends.
          forget(lead.key);
          last = key = newKey();
          lead = { ...lead, key, body: rest };
        }
      } finally {
        dialog.busy(undefined);
        sending = undefined;
      }
      outcome ??= { kind: 'stopped' };
      if (isOver(outcome) || outcome.kind === 'stopped') forget(lead.key);
      submission.settle(lead, outcome);
    },

    cancel: () => sending?.abort(),

    closed() {
      if (isStored) content = '';
      isStored = false;
    },

    settle(lead, outcome) {
      const model = host.model();
      const { texts } = model;
      const dialog = lead.key === key ? host.dialog() : undefined;
      const { status = 0, body = {}, retryAfterS } = outcome.answer ?? {};
      if (outcome.kind === 'safe') {
        isStored = true;
        tickets.drop();
        const name = status === 201 ? 'delivered' : 'stored';
        dialog?.done(texts[name], texts[`${name}Text`]);
        tell(element, 'text-us:success', {
          key: lead.key,
          id: body.id as string,
          status: String(body.status),
          ...(dialog && changed[0] && { errors: changed }),
        });
        return;
      }
      const { messages, general } =
        outcome.kind === 'refused'
          ? explain(outcome.answer, model)
          : { messages: {}, general: texts[isKept(lead.key) ? 'kept' : outcome.kind] };
      dialog?.complain(messages, general);
      if (outcome.kind === 'stopped') return;
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
