import { FIELD_NAMES, type FieldName, type Messages, type Model, type Values } from './dialog.ts';
import type { Answer } from './gateway.ts';
import { type AllTexts, whenIn } from './texts.ts';

type Complaint = { readonly messages: Messages; readonly general?: string };

/** What can be told without asking the gateway: required fields that are empty. Undefined where there is nothing. */
export function missing(values: Values, { modes, texts }: Model): Messages | undefined {
  const messages: Partial<Record<FieldName, string>> = {};
  for (const name of FIELD_NAMES) {
    if (modes[name] !== 'required' || values[name]) continue;
    messages[name] =
      name === 'phone' ? texts.phoneMissing : name === 'consent' ? texts.consentMissing : texts.fieldMissing;
  }
  return Object.keys(messages).length > 0 ? messages : undefined;
}

/** The gateway's refusal in the visitor's words, beside the fields that are meant. */
export function explain({ status, body, retryAfterS }: Answer, { texts, lang, modes }: Model): Complaint {
  if (status === 429) {
    return { messages: {}, general: texts.tooMany.replace('{when}', whenIn(retryAfterS ?? 60, lang)) };
  }
  const messages: Partial<Record<FieldName, string>> = {};
  const errors = Array.isArray(body.errors) ? body.errors : [];
  for (const { pointer, code } of body.reason === 'phone' ? [{ pointer: '/consumer/phone' }] : errors) {
    // `/consumer/phone`, `/consent`, `/consent/text`
    const field = FIELD_NAMES.find((name) => String(pointer).split('/').includes(name));
    if (field && modes[field] !== 'hidden') messages[field] = wordsFor(field, code ?? body.code, texts);
  }
  return Object.keys(messages).length > 0 ? { messages } : { messages, general: texts.refused };
}

function wordsFor(field: FieldName, code: unknown, texts: AllTexts): string {
  if (code === 'country_not_allowed') return texts.countryWrong;
  return field === 'phone' ? texts.phoneWrong : field === 'consent' ? texts.consentMissing : texts.fieldWrong;
}
