import { contain, type PressHandler } from './contain.ts';
import { createField, type Field } from './field.ts';
import type { FormRules } from './gateway.ts';
import { createPhoneField } from './phone-field.ts';
import { make } from './shared.ts';
import type { TextUsField, TextUsText } from './types.ts';

export const FIELD_NAMES = ['phone', 'name', 'firstName', 'lastName', 'question', 'consent'] as const;
export type FieldName = (typeof FIELD_NAMES)[number];

export type AllTexts = Readonly<Record<TextUsText, string>>;

export type Model = {
  readonly texts: AllTexts;
  readonly lang: string;
  readonly dir: string;
  readonly modes: Readonly<Record<FieldName, TextUsField>>;
  readonly rules: FormRules;
  /** The country that the page names for its visitors' numbers. */
  readonly country: string | undefined;
};

/** The values of the form; blank fields are empty. The consent is the text to which the visitor agreed. */
export type Values = { readonly [name in FieldName | 'country']?: string | undefined };

export type Messages = { readonly [name in FieldName]?: string };

export type Dialog = {
  readonly element: HTMLDialogElement;
  /** Puts the model's texts and fields in place. */
  show(model: Model): void;
  values(): Values;
  /** The value of the hidden trap field. */
  trap(): string;
  /**
   * Shows messages beside their fields and focuses the first of those fields. Without any, `general` is announced.
   * Returns whether a field had a message.
   */
  complain(messages: Messages, general?: string): boolean;
  /** Shows the text of a running action; `undefined` ends it. */
  busy(status: string | undefined): void;
  done(heading: string, text: string): void;
  /** Shows the dialog above the page, in the root that it stands in. */
  open(): void;
  close(): void;
  /** Focuses the first field. */
  focus(): void;
  /** Empties the form. */
  reset(): void;
};

export type DialogEvents = {
  readonly submit: () => void;
  readonly cancel: () => void;
  /** The dialog was closed, by whatever control. */
  readonly closed: () => void;
};

/** The dialog with its form, states and announcements. It knows nothing of gateways. */
export function createDialog(on: DialogEvents): Dialog {
  const phone = createPhoneField();
  const fields: Record<FieldName, Field> = {
    phone,
    name: createField('name', { autocomplete: 'name' }),
    firstName: createField('firstName', { autocomplete: 'given-name' }),
    lastName: createField('lastName', { autocomplete: 'family-name' }),
    question: createField('question', { rows: '3', maxlength: '1000' }),
    consent: createField('consent', { type: 'checkbox' }),
  };
  const slot = (name: string): HTMLSlotElement => make('slot', { name });
  const button = (part: string): HTMLButtonElement => make('button', { part, type: 'button' });
  const slots = { heading: slot('heading'), intro: slot('intro'), deliveredText: slot('success') };
  const heading = make('h2', { id: 'heading', part: 'heading', tabindex: '-1' }, slots.heading);
  const submit = make('button', { part: 'submit' });
  const cancel = button('cancel');
  const leave = make('button', { part: 'submit' });
  const correct = button('correct');
  const cross = make('button', { part: 'close' });
  const status = make('p', { part: 'status', role: 'status' });
  const alert = make('p', { part: 'error', role: 'alert' });
  const intro = make('p', { part: 'intro' }, slots.intro);
  const answer = make('p', { part: 'answer' });
  const sentTo = make('p');
  const legal = make('p', { class: 'row', part: 'legal' });
  // Autofill and password managers do not recognise this field; screen readers and the Tab key skip it.
  const trap = make('input', { tabindex: '-1', autocomplete: 'off', 'data-1p-ignore': '', 'data-lpignore': 'true' });
  const outcome = make('div', { class: 'row end' }, alert, submit, make('div', {}, status, cancel));
  const form = make(
    'form',
    { part: 'form', novalidate: '' },
    ...FIELD_NAMES.map((name) => fields[name].row),
    legal,
    make('div', { class: 'trap', 'aria-hidden': 'true' }, trap),
    outcome,
  );
  const done = make('div', { part: 'done' }, make('p', {}, slots.deliveredText), sentTo, correct, leave);
  const element = make(
    'dialog',
    { part: 'dialog', 'aria-labelledby': 'heading' },
    make('div', { class: 'head' }, heading, cross),
    intro,
    answer,
    form,
    done,
  );
  let order: readonly FieldName[] = FIELD_NAMES;
  let sentence = '';
  let notice = '';

  /** On a small screen the element may be outside the visible area. */
  const reveal = (): void => outcome.scrollIntoView({ block: 'nearest' });

  /** Shows the form in place of the outcome. */
  const edit = (): void => {
    heading.replaceChildren(slots.heading);
    intro.hidden = form.hidden = false;
    done.hidden = true;
    element.classList.remove('ok');
  };

  // By clicks and not by a submission, which a frame without `allow-forms` blocks. Enter in a field clicks "Send", too.
  const actions = new Map<EventTarget, () => void>([
    [submit, on.submit],
    [cancel, on.cancel],
    [leave, () => dialog.close()],
    [cross, () => dialog.close()],
    [
      correct,
      () => {
        edit();
        phone.input.select();
      },
    ],
  ]);
  const isOutside = ({ clientX, clientY }: MouseEvent, [target]: readonly EventTarget[]): boolean => {
    const { left, right, top, bottom } = element.getBoundingClientRect();
    return target === element && (clientX < left || clientX > right || clientY < top || clientY > bottom);
  };
  const onPress: PressHandler = (event, path) => {
    if (event.type !== 'click') {
      beganOutside = isOutside(event, path);
      return false;
    }
    // `closedby` is not known everywhere. A selection that ends outside is no wish to leave.
    if (beganOutside && isOutside(event, path)) dialog.close();
    const action = path.map((node) => actions.get(node)).find(Boolean);
    action?.();
    // A check box has no `readonly`, and `disabled` would remove the focus.
    return !!action || (isLocked && path.some((node) => node instanceof HTMLInputElement));
  };
  let isLocked = false;
  let beganOutside = false;
  let release: (() => void) | undefined;
  form.onsubmit = () => false;
  element.onclose = () => {
    if (element.open) return;
    release?.();
    // Reset only now, so that an outcome that arrived while the dialog was closed is shown first.
    if (!done.hidden) dialog.reset();
    on.closed();
  };

  const dialog: Dialog = {
    element,
    show({ texts, lang, dir, modes, rules, country }) {
      element.lang = lang;
      element.dir = dir;
      const { answer: times, links = {}, consent, confirmNumber, questionFirst, phoneCountries } = rules;
      for (const name of FIELD_NAMES) fields[name].show(texts[name], modes[name], texts.optional);
      phone.offer(phoneCountries, country, texts.country);
      const { row } = fields.question;
      // Moved only where it has to be, as moving takes the focus away.
      if (questionFirst && row.previousSibling) form.prepend(row);
      if (!questionFirst && !row.previousSibling) fields.consent.row.before(row);
      order = questionFirst ? ['question', ...FIELD_NAMES] : FIELD_NAMES;
      for (const key of ['heading', 'intro'] as const) slots[key].textContent = texts[key];
      answer.textContent = times?.text ?? '';
      answer.className = times?.open ? 'open' : '';
      notice = consent?.notice ?? '';
      legal.replaceChildren(
        notice,
        ...(['privacy', 'terms'] as const).flatMap((name) => {
          const href = links[name];
          return href ? [' ', make('a', { href, target: '_blank', rel: 'noopener' }, texts[name])] : [];
        }),
      );
      submit.textContent = texts.send;
      cancel.textContent = texts.cancel;
      leave.textContent = texts.close;
      correct.textContent = texts.correct;
      sentTo.hidden = correct.hidden = !confirmNumber;
      sentence = texts.sentTo;
      cross.setAttribute('aria-label', texts.close);
    },
    values() {
      const values: Values = Object.fromEntries(FIELD_NAMES.map((name) => [name, fields[name].value()]));
      return { ...values, consent: values.consent && `${values.consent} ${notice}`.trim(), country: phone.country() };
    },
    trap: () => trap.value,
    complain(messages, general = '') {
      for (const name of FIELD_NAMES) fields[name].complain(messages[name] ?? '');
      const first = order.find((name) => messages[name]);
      alert.textContent = first ? '' : general;
      if (first) fields[first].input.focus();
      else if (general) reveal();
      return !!first;
    },
    busy(text) {
      const isBusy = text !== undefined;
      // Set once only, because a screen reader reads out a text that is set again.
      if (status.textContent !== text) status.textContent = text ?? '';
      // Hiding the focused element would move the focus to the page. WebKit matches `:focus` in the active window only.
      if (!isBusy && (form.getRootNode() as ShadowRoot).activeElement === cancel) submit.focus();
      cancel.hidden = !isBusy;
      if (isBusy) reveal();
      // Not `disabled`, which would remove the focus from the pressed button.
      submit.setAttribute('aria-disabled', String(isBusy));
      isLocked = isBusy;
      for (const name of FIELD_NAMES) fields[name].lock(isBusy);
    },
    done(title, text) {
      heading.replaceChildren(title);
      slots.deliveredText.textContent = text;
      // Isolated, so that a number keeps its direction in a sentence of another one.
      sentTo.textContent = sentence.replace('{phone}', () => `\u2068${phone.value()}\u2069`);
      // The dialog keeps its size, so that nothing jumps.
      element.style.minHeight = `${element.offsetHeight}px`;
      intro.hidden = form.hidden = true;
      done.hidden = false;
      element.classList.add('ok');
      heading.focus();
    },
    open() {
      release?.();
      release = contain(element, onPress);
      element.classList.remove('free');
      element.showModal();
      const { top, bottom } = element.getBoundingClientRect();
      element.classList.toggle('free', top < 0 || bottom > innerHeight);
      dialog.focus();
    },
    close: () => element.close(),
    focus() {
      const first = order.find((name) => !fields[name].row.hidden) as FieldName;
      (done.hidden ? fields[first].input : heading).focus();
    },
    reset() {
      form.reset();
      edit();
      element.style.minHeight = '';
      dialog.complain({});
      dialog.busy(undefined);
    },
  };
  dialog.reset();
  return dialog;
}
