import { createField, type Field } from './field.ts';
import { make } from './shared.ts';

/** How numbers of a country are written, and what the visitor chooses it by. */
export type PhoneCountry = {
  readonly country: string;
  readonly name: string;
  readonly callingCode: string;
  readonly placeholder?: string;
  /** Patterns of all typed digits, each with its replacement. */
  readonly formats?: readonly (readonly [string, string])[];
};

export type PhoneField = Field & {
  /** The chosen country, where there are several. */
  country(): string | undefined;
  /** Offers countries; the first counts until the visitor chooses, or `own`, the country that the page names. */
  offer(countries: readonly PhoneCountry[] | undefined, own: string | undefined, label: string): void;
};

/** Wider than the list is when it is closed: it then shows the calling code alone. */
const GAP = '\u2003\u2003\u2003';

/** The field of the phone number, with a choice of countries in front of it where there are several. */
export function createPhoneField(): PhoneField {
  const field = createField('phone', { type: 'tel', autocomplete: 'tel' });
  const { input } = field;
  const select = make('select', { part: 'country' });
  const both = make('div', { class: 'phone' }, select);
  input.before(both);
  both.append(input);
  let known: readonly PhoneCountry[] | undefined;

  const current = (): PhoneCountry | undefined => known?.find(({ country }) => country === select.value);
  select.onchange = () => {
    input.placeholder = current()?.placeholder ?? '';
  };
  // A number keeps its digits, and one that is unknown is left as it is.
  const format = (): void => {
    const digits = input.value.replace(/[\s()./-]/g, '');
    const [pattern, replacement = ''] = current()?.formats?.find(([pattern]) => RegExp(pattern).test(digits)) ?? [];
    if (pattern) input.value = digits.replace(RegExp(pattern), replacement);
  };
  input.onchange = format;

  return {
    ...field,
    // Enter sends without leaving the field. The same message has to be the same when it is sent again.
    value() {
      format();
      return field.value();
    },
    lock(locked) {
      input.readOnly = select.disabled = locked;
    },
    country: () => (known?.[1] && select.value) || undefined,
    offer(countries, own, label) {
      select.hidden = !countries?.[1];
      select.setAttribute('aria-label', label);
      if (countries === known) return;
      known = countries;
      const options = countries?.map(({ country, name, callingCode }) =>
        make('option', { value: country }, `+${callingCode}${GAP}${name}`),
      );
      select.replaceChildren(...(options ?? []));
      if (own) select.value = own;
      select.onchange?.(new Event('change'));
    },
  };
}
