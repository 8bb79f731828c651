import { type AllTexts, FIELD_NAMES, type FieldName, type Messages, type Model, type Values } from './dialog.ts';
import type { Answer } from './gateway.ts';
import type { TextUsText, TextUsTexts } from './types.ts';

type Complaint = { readonly messages: Messages; readonly general: string };

/** Finds the faults that need no call to the gateway: required fields that are empty. */
export function missing(values: Values, { modes, texts }: Model): Messages {
  const messages: Partial<Record<FieldName, string>> = {};
  for (const name of FIELD_NAMES) {
    if (modes[name] !== 'required' || values[name]) continue;
    messages[name] = textOf(texts, `${name}Missing`) ?? texts.fieldMissing;
  }
  return messages;
}

/** Gives the texts for a refusal of the gateway: one for each field that it names, and a general one. */
export function explain({ status, body, retryAfterS }: Answer, { texts, lang, modes }: Model): Complaint {
  if (status === 429) {
    return { messages: {}, general: texts.tooMany.replace('{when}', whenIn(retryAfterS ?? 60, lang)) };
  }
  const messages: Partial<Record<FieldName, string>> = {};
  const errors = Array.isArray(body.errors) ? body.errors : [];
  for (const { pointer, code } of body.reason === 'phone' ? [{ pointer: '/consumer/phone' }] : errors) {
    // `/consumer/phone`, `/consent`, `/consent/text`
    const named = FIELD_NAMES.find((name) => String(pointer).split('/').includes(name));
    const field = named === 'firstName' && modes.name !== 'hidden' ? 'name' : named;
    if (field && modes[field] !== 'hidden') messages[field] = wordsFor(field, code ?? body.code, texts);
  }
  return { messages, general: texts.refused };
}

function wordsFor(field: FieldName, code: unknown, texts: AllTexts): string {
  if (code === 'country_not_allowed') return texts.countryWrong;
  // The only possible fault of a consent is its absence.
  return textOf(texts, `${field}Wrong`) ?? textOf(texts, `${field}Missing`) ?? texts.fieldWrong;
}

/** Formats a number of seconds as a time from now: "in 2 minutes". */
function whenIn(seconds: number, lang: string): string {
  const [size, unit] =
    seconds < 60 ? ([1, 'second'] as const) : seconds < 3600 ? ([60, 'minute'] as const) : ([3600, 'hour'] as const);
  return new Intl.RelativeTimeFormat(lang).format(Math.ceil(seconds / size), unit);
}

/** Gives the text of a field, if it has one. */
function textOf(texts: TextUsTexts, name: string): string | undefined {
  return texts[name as TextUsText];
}
