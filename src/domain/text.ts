import { Refusal } from './refusal.ts';

/** Whatever is no `Char` of XML 1.0 (https://www.w3.org/TR/xml/#charsets) and cannot be carried even as a reference. */
const IMPOSSIBLE = /[^\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/** Whether `text` can arrive at the provider unchanged. */
export function isXmlText(text: string): boolean {
  return !IMPOSSIBLE.test(text);
}

/** Refuses a text that XML could not carry, naming the field and never quoting it. */
export function requireXmlText(text: string, pointer: string): string {
  if (isXmlText(text)) return text;
  throw new Refusal(
    'invalid_request',
    'Contains a control character, a non-character or half a surrogate pair; remove it.',
    {
      pointer,
    },
  );
}

/** An optional text as it is stored: unchanged, or absent where it is blank. */
export function optionalText(text: string | undefined, pointer: string): string | undefined {
  return text === undefined || requireXmlText(text, pointer).trim() === '' ? undefined : text;
}
