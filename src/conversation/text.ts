import { Refusal } from './refusal.ts';

/** What XML 1.0 cannot carry even as a reference (https://www.w3.org/TR/xml/#charsets), lone surrogates aside. */
const IMPOSSIBLE = /(?![\t\n\r\u007F-\u009F])\p{Cc}|[\uFFFE\uFFFF]/u;

/** Whether `text` can arrive at the provider unchanged. */
export function isXmlText(text: string): boolean {
  return !IMPOSSIBLE.test(text) && text.isWellFormed();
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
