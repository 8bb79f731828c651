/**
 * Characters that control a terminal, change the direction of text, or are not visible: C0 and C1 controls, DEL, Unicode's
 * direction and line marks, zero-width characters, tags, and halves of surrogate pairs.
 */
const UNSAFE = /[\p{Cc}\p{Cs}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;

/** Text on one line, in which every such character is escaped as in JSON. The parsed value of JSON stays the same. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
