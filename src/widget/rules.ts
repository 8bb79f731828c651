import { FIELD_NAMES, type FieldName, type Model } from './dialog.ts';
import type { FormRules } from './gateway.ts';
import { kebab } from './shared.ts';
import type { TextUsField } from './types.ts';

/** Decides which fields are shown: by the page's `field-…` attributes, else by the site, else all except the consent. */
export function modesOf(element: Element, { fields, consent }: FormRules): Model['modes'] {
  const modes: Record<Exclude<FieldName, 'phone'>, TextUsField> & { phone?: TextUsField } = {
    name: 'hidden',
    firstName: 'shown',
    lastName: 'shown',
    question: 'shown',
    ...fields,
    consent: consent?.required ? 'required' : consent?.text ? 'shown' : 'hidden',
  };
  for (const name of FIELD_NAMES) {
    const own = element.getAttribute(kebab(`field-${name}`)) ?? '';
    if (/^(shown|hidden|required)$/.test(own)) modes[name] = own as TextUsField;
  }
  if (modes.name !== 'hidden') modes.firstName = modes.lastName = 'hidden';
  return { ...modes, phone: 'required' };
}
