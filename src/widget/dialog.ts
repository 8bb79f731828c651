import { make } from './dom.ts';
import { checkField, type Field, inputField } from './field.ts';
import type { AllTexts } from './texts.ts';
import type { TextUsField } from './types.ts';

export const FIELD_NAMES = ['phone', 'firstName', 'lastName', 'question', 'consent'] as const;
export type FieldName = (typeof FIELD_NAMES)[number];

export type Model = {
  readonly texts: AllTexts;
  readonly lang: string;
  readonly dir: string;
  readonly modes: Readonly<Record<FieldName, TextUsField>>;
};

/** What stands in the form; blanks are left out. The consent is the text that was agreed to. */
export type Values = { readonly [name in FieldName]?: string };

export type Messages = { readonly [name in FieldName]?: string };

export type Dialog = {
  readonly element: HTMLDialogElement;
  show(model: Model): void;
  values(): Values;
  /** What stands in the field that no person sees. */
  trap(): string;
  /** Puts messages beside their fields and the focus on the first of them; `general` is announced where it stands. */
  complain(messages: Messages, general?: string): void;
  /** Something is under way, and what; undefined once it is not. */
  busy(status: string | undefined): void;
  done(heading: string, text: string): void;
  /** Puts the focus where the visitor begins. */
  focus(): void;
  /** An empty form again. */
  reset(): void;
};

export type DialogEvents = { readonly submit: () => void; readonly cancel: () => void; readonly close: () => void };

/** The dialog with its form, states and announcements. It knows nothing of gateways. */
export function createDialog(on: DialogEvents): Dialog {
  const fields: Record<FieldName, Field> = {
    phone: inputField('phone', { type: 'tel', inputmode: 'tel', autocomplete: 'tel', maxlength: '64' }),
    firstName: inputField('firstName', { autocomplete: 'given-name', maxlength: '64' }),
    lastName: inputField('lastName', { autocomplete: 'family-name', maxlength: '64' }),
    question: inputField('question', { rows: '3', maxlength: '1000' }),
    consent: checkField('consent'),
  };
  const slot = (name: string): HTMLSlotElement => make('slot', { name });
  const slots = { heading: slot('heading'), intro: slot('intro'), deliveredText: slot('success') };
  const heading = make('h2', { id: 'heading', part: 'heading', tabindex: '-1' }, slots.heading);
  const button = (part: string, type: string): HTMLButtonElement => make('button', { part, type });
  const [submit, cancel, leave, cross] = [
    button('submit', 'submit'),
    button('cancel', 'button'),
    button('submit', 'button'),
    button('close', 'button'),
  ];
  cross.append('×');
  const status = make('p', { part: 'status', role: 'status' });
  const alert = make('p', { part: 'error', role: 'alert' });
  const intro = make('p', { part: 'intro' }, slots.intro);
  // No browser and no password manager knows it as theirs, no screen reader and no key comes here.
  const trap = make('input', { tabindex: '-1', autocomplete: 'off', 'data-1p-ignore': '', 'data-lpignore': 'true' });
  const form = make(
    'form',
    { part: 'form', novalidate: '' },
    ...FIELD_NAMES.map((name) => fields[name].row),
    make('div', { class: 'trap', 'aria-hidden': 'true' }, trap),
    make('div', { class: 'row' }, status, alert, make('footer', {}, submit, cancel)),
  );
  const done = make('div', { part: 'done' }, make('p', {}, slots.deliveredText), leave);
  const element = make(
    'dialog',
    { part: 'dialog', 'aria-labelledby': 'heading', closedby: 'any' },
    make('header', {}, heading, cross),
    intro,
    form,
    done,
  );

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    on.submit();
  });
  cancel.addEventListener('click', on.cancel);
  for (const closer of [leave, cross]) closer.addEventListener('click', on.close);
  // Only now: an outcome that came while the dialog was closed waits to be seen.
  element.addEventListener('close', () => {
    if (!done.hidden) dialog.reset();
  });

  const dialog: Dialog = {
    element,
    show({ texts, lang, dir, modes }) {
      element.lang = lang;
      element.dir = dir;
      for (const name of FIELD_NAMES) fields[name].show(texts[name], modes[name], texts.optional);
      for (const key of ['heading', 'intro'] as const) slots[key].textContent = texts[key];
      submit.textContent = texts.send;
      cancel.textContent = texts.cancel;
      leave.textContent = texts.close;
      cross.setAttribute('aria-label', texts.close);
    },
    values: () => Object.fromEntries(FIELD_NAMES.map((name) => [name, fields[name].value() || undefined])),
    trap: () => trap.value,
    complain(messages, general = '') {
      for (const name of FIELD_NAMES) fields[name].complain(messages[name] ?? '');
      alert.textContent = general;
      const first = FIELD_NAMES.find((name) => messages[name]);
      if (first) fields[first].focus();
    },
    busy(text) {
      const isBusy = text !== undefined;
      status.textContent = text ?? '';
      cancel.hidden = !isBusy;
      // Not `disabled`, which would take the focus away from whoever pressed it.
      submit.setAttribute('aria-disabled', String(isBusy));
      for (const name of FIELD_NAMES) fields[name].lock(isBusy);
    },
    done(title, text) {
      heading.replaceChildren(title);
      slots.deliveredText.textContent = text;
      intro.hidden = form.hidden = true;
      done.hidden = false;
      heading.focus();
    },
    focus: () => (done.hidden ? fields.phone.focus() : heading.focus()),
    reset() {
      form.reset();
      heading.replaceChildren(slots.heading);
      intro.hidden = form.hidden = false;
      done.hidden = true;
      dialog.complain({});
      dialog.busy(undefined);
    },
  };
  dialog.reset();
  return dialog;
}
