import { make } from './dom.ts';
import type { TextUsField } from './types.ts';

export type Field = {
  readonly row: HTMLElement;
  show(label: string, mode: TextUsField, optional: string): void;
  /** What was entered, without blanks around it; of a box the text that it stands by, if it is ticked. */
  value(): string;
  /** An empty message takes the complaint back. */
  complain(message: string): void;
  lock(locked: boolean): void;
  focus(): void;
};

type Attributes = Readonly<Record<string, string>>;

/** A line, or with `rows` several, under its label. Nothing here touches what is typed. */
export function inputField(name: string, attributes: Attributes): Field {
  const input = make(attributes.rows ? 'textarea' : 'input', { id: name, part: `input ${name}`, ...attributes });
  const text = make('span');
  const hint = make('small');
  const label = make('label', { for: name, part: 'label' }, text, hint);
  const { row, ...rest } = described(name, input, label, input);
  if (/Name$/.test(name)) row.classList.add('half');
  return {
    ...rest,
    row,
    show(given, mode, optional) {
      text.textContent = given;
      hint.textContent = mode === 'required' ? '' : ` (${optional})`;
      row.hidden = mode === 'hidden';
      input.setAttribute('aria-required', String(mode === 'required'));
    },
    value: () => (row.hidden ? '' : input.value.trim()),
    lock(locked) {
      input.readOnly = locked;
    },
  };
}

/** A box with a text that the page may replace by a slot of the same name. */
export function checkField(name: string): Field {
  const input = make('input', { id: name, type: 'checkbox', part: name });
  const slot = make('slot', { name });
  const text = make('span', {}, slot);
  const { row, ...rest } = described(name, input, make('label', { class: 'check', part: 'label' }, input, text));
  return {
    ...rest,
    row,
    show(given, mode) {
      slot.textContent = given;
      row.hidden = mode === 'hidden';
      input.setAttribute('aria-required', String(mode === 'required'));
    },
    value() {
      const shown = slot.assignedNodes({ flatten: true }).map((node) => node.textContent);
      return input.checked && !row.hidden ? shown.join(' ').replace(/\s+/g, ' ').trim() : '';
    },
    lock() {},
  };
}

function described(
  name: string,
  input: HTMLInputElement | HTMLTextAreaElement,
  ...content: readonly Node[]
): Pick<Field, 'row' | 'complain' | 'focus'> {
  const error = make('p', { id: `${name}-error`, part: 'error' });
  return {
    row: make('div', { class: 'row', part: 'field' }, ...content, error),
    complain(message) {
      error.textContent = message;
      error.hidden = !message;
      input.setAttribute('aria-invalid', String(!!message));
      if (message) input.setAttribute('aria-describedby', error.id);
      else input.removeAttribute('aria-describedby');
    },
    focus: () => input.focus(),
  };
}
