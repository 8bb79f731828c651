import { make } from './shared.ts';
import type { TextUsField } from './types.ts';

export type Field = {
  readonly row: HTMLElement;
  readonly input: HTMLInputElement | HTMLTextAreaElement;
  show(label: string, mode: TextUsField, optional: string): void;
  /** The trimmed value; for a check box its label if it is checked. */
  value(): string;
  /** Shows a message; an empty one removes it. */
  complain(message: string): void;
  /** Does nothing to a check box, whose clicks the dialog prevents instead. */
  lock(locked: boolean): void;
};

/**
 * Creates a labelled field: a check box, a text field, or one of several lines if `rows` is given. The page may replace the label by
 * a slot of the same name. The typed text is never changed.
 */
export function createField(name: string, attributes: Readonly<Record<string, string>>): Field {
  const isBox = attributes.type === 'checkbox';
  const input = make(attributes.rows ? 'textarea' : 'input', {
    id: name,
    part: isBox ? name : `input ${name}`,
    maxlength: '64',
    'aria-describedby': `${name}-error`,
    ...attributes,
  }) as HTMLInputElement;
  const slot = make('slot', { name });
  const hint = make('small');
  const text = make('span', {}, slot, hint);
  const error = make('p', { id: `${name}-error`, part: 'error' });
  const label = make('label', { for: name, part: 'label' }, text);
  const row = make('div', { class: 'row', part: 'field' }, label, error);
  if (isBox) label.prepend(input);
  else label.after(input);
  label.classList.toggle('check', isBox);
  row.classList.toggle('half', /Name$/.test(name));
  return {
    row,
    input,
    show(given, mode, optional) {
      slot.textContent = given;
      hint.textContent = isBox || mode === 'required' ? '' : ` (${optional})`;
      row.hidden = mode === 'hidden';
      input.setAttribute('aria-required', String(mode === 'required'));
    },
    value() {
      if (row.hidden || (isBox && !input.checked)) return '';
      const shown = slot.assignedNodes({ flatten: true }).map((node) => node.textContent);
      return (isBox ? shown.join(' ').replace(/\s+/g, ' ') : input.value).trim();
    },
    complain(message) {
      error.textContent = message;
      error.hidden = !message;
      input.setAttribute('aria-invalid', String(!!message));
    },
    lock(locked) {
      input.readOnly = locked;
    },
  };
}
