import { make } from './dom.ts';
import type { TextUsField } from './types.ts';

export type Field = {
  readonly row: HTMLElement;
  show(label: string, mode: TextUsField, optional: string): void;
  /** The trimmed value; for a check box its label if it is checked. */
  value(): string;
  /** Shows a message; an empty one removes it. */
  complain(message: string): void;
  /** Absent for a check box, whose clicks the dialog prevents instead. */
  readonly lock?: (locked: boolean) => void;
  focus(): void;
};

type Attributes = Readonly<Record<string, string>>;

/** Creates a labelled text field, with several lines if `rows` is given. The typed text is never changed. */
export function inputField(name: string, attributes: Attributes): Field {
  const input = make(attributes.rows ? 'textarea' : 'input', {
    id: name,
    part: `input ${name}`,
    maxlength: '64',
    ...attributes,
  });
  const text = make('span');
  const hint = make('small');
  const label = make('label', { for: name, part: 'label' }, text, hint);
  const { row, require, ...rest } = described(name, input, label, input);
  if (/Name$/.test(name)) row.classList.add('half');
  return {
    ...rest,
    row,
    show(given, mode, optional) {
      text.textContent = given;
      hint.textContent = mode === 'required' ? '' : ` (${optional})`;
      require(mode);
    },
    value: () => (row.hidden ? '' : input.value.trim()),
    lock(locked) {
      input.readOnly = locked;
    },
  };
}

/** Creates a check box whose text the page may replace by a slot of the same name. */
export function checkField(name: string): Field {
  const input = make('input', { id: name, type: 'checkbox', part: name });
  const slot = make('slot', { name });
  const text = make('span', {}, slot);
  const label = make('label', { class: 'check', part: 'label' }, input, text);
  const { row, require, ...rest } = described(name, input, label);
  return {
    ...rest,
    row,
    show(given, mode) {
      slot.textContent = given;
      require(mode);
    },
    value() {
      const shown = slot.assignedNodes({ flatten: true }).map((node) => node.textContent);
      return input.checked && !row.hidden ? shown.join(' ').replace(/\s+/g, ' ').trim() : '';
    },
  };
}

function described(
  name: string,
  input: HTMLInputElement | HTMLTextAreaElement,
  ...content: readonly Node[]
): Pick<Field, 'row' | 'complain' | 'focus'> & { require(mode: TextUsField): void } {
  const error = make('p', { id: `${name}-error`, part: 'error' });
  input.setAttribute('aria-describedby', error.id);
  const row = make('div', { class: 'row', part: 'field' }, ...content, error);
  return {
    row,
    require(mode) {
      row.hidden = mode === 'hidden';
      input.setAttribute('aria-required', String(mode === 'required'));
    },
    complain(message) {
      error.textContent = message;
      error.hidden = !message;
      input.setAttribute('aria-invalid', String(!!message));
    },
    focus: () => input.focus(),
  };
}
