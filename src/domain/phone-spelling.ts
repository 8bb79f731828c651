/**
 * Words that people write around their number. A label says nothing of the number; any other letter makes the text no
 * number (a vanity number has several readings, and `x` or `ext` begins an extension).
 */
const LABEL_WORDS = [
  'tel|tél|telephone|téléphone|telefon|telefone|teléfono|telefono|telefoon|fon|phone|ph|fono',
  'cell|cell ?phone|cellular|cellulare|cel|celular|cellulaire|mobile|mobil|mob|móvil|movil|portable|handy|gsm',
  'text|sms|whatsapp|home|work|privat|number|num|no|nr|nummer|número|numero|numéro|n°',
].join('|');
const LABEL = `(?:my )?(?:${LABEL_WORDS})(?: (?:${LABEL_WORDS}))?`;
/** `Cell: 404…`, `Tel. 404…`, `m: 404…`, `(cell) 404…`, `mobile 404…`. */
const LEADING_LABEL = new RegExp(
  `^(?:\\((?:${LABEL}|[cmhpt])\\)|(?:${LABEL})(?![\\p{L}])|[cmhpt](?=[.:]))[.:#-]*\\s*`,
  'iu',
);
/** `404… (cell)`, `404… cell`, `404… - mobile`, `404… (c)`. */
const TRAILING_LABEL = new RegExp(`[\\s-]*(?:\\((?:${LABEL}|[cmhpt])\\)|(?<![\\p{L}])(?:${LABEL}))[.:]?$`, 'iu');

/** Bullets and dots that separate groups of digits, beside those that the phone library knows. */
const SEPARATORS = /[•·∙‧⋅‣●|_]/gu;
/** A spreadsheet writes an apostrophe before a number that it shall keep as text. */
const TEXT_MARK = /^['‘’`´]+/u;
/** A calling code in brackets with its plus, as in `(+44) 7400 123456`. */
const BRACKETED_CODE = /^\(\s*\+\s*(\d{1,3})\s*\)/;

/** A zero in brackets behind a calling code, as in `+48 (0) 512 345 678`. */
const BRACKETED_ZERO = /^(\+[\d\s]+)\(\s*0\s*\)/;
/** A number that went through a spreadsheet as a decimal: it has no plus. */
const DECIMAL = /^\d[\d\s]*[.,]0$/;
const TRAILING_DECIMAL = /[.,]0$/;
/** What stood before ten Mexican digits until 2019: 1 behind the calling code, 044, 045 and 01 at home. */
const OLD_MEXICAN = /^(?:(?:\+|00)?521|044|045|01)(\d{10})$/;
/**
 * Calling codes of countries without a trunk zero whose people still write it: Poland dropped it in this century. Elsewhere
 * a zero that no number of the country can have is no habit, and the text is refused.
 */
const DROPPED_TRUNK_ZERO: ReadonlySet<string> = new Set(['48']);

/** Other ways to read a text beside the plain one. */
export type Readings = {
  /** Readings as good as the plain one where that is valid: if they give another valid number, the text has several readings. */
  readonly rivals: readonly string[];
  /** What results when a known misspelling is undone. */
  readonly repairs: readonly string[];
  /** Whether the text shows a trace of a misspelling, so that its digits alone are not what was meant. */
  readonly misspelled: boolean;
};

/**
 * Takes away what surrounds a number and has no meaning: invisible format characters (direction marks, soft hyphens), the
 * scheme `tel:`, a spreadsheet's apostrophe, a label, brackets around the calling code. Digits of every script become ASCII.
 */
export function plainSpelling(text: string): string {
  return toAsciiDigits(text.replace(/\p{Cf}/gu, ''))
    .replace(SEPARATORS, ' ')
    .trim()
    .replace(TEXT_MARK, '')
    .replace(/^tel:(?=[+\d])/i, '')
    .replace(LEADING_LABEL, '')
    .replace(TRAILING_LABEL, '')
    .trim()
    .replace(BRACKETED_CODE, '+$1');
}

/** Finds the other readings of a text that `plainSpelling` gave, for a site whose own country has that calling code. */
export function readings(text: string, country: string, callingCode: string): Readings {
  const digits = text.replace(/\D/g, '');
  const hasPlus = text.startsWith('+');
  const rivals: string[] = [];
  const repairs: string[] = [];
  let misspelled = false;

  // The site's own calling code without its plus may also be the beginning of a national number.
  if (!hasPlus && digits.startsWith(callingCode)) rivals.push(`+${digits}`);
  const zero = BRACKETED_ZERO.exec(text);
  if (zero) {
    const without = text.replace(BRACKETED_ZERO, '$1');
    const code = zero[1]?.replace(/\D/g, '') ?? '';
    // Where numbers may also begin with the zero (Italy), both are readings of the same text.
    rivals.push(without);
    if (DROPPED_TRUNK_ZERO.has(code)) repairs.push(without);
    misspelled = true;
  }
  if (TRAILING_DECIMAL.test(text)) {
    misspelled = true;
    const whole = text.slice(0, -2);
    rivals.push(whole);
    if (DECIMAL.test(text)) repairs.push(whole, `+${whole.replace(/\D/g, '')}`);
  } else if (!hasPlus && /^[\d\s().-]+$/.test(text)) {
    repairs.push(`+${digits}`);
  }
  const mexican = OLD_MEXICAN.exec(`${hasPlus ? '+' : ''}${digits}`)?.[1];
  if (mexican !== undefined && (country === 'MX' || hasPlus)) {
    repairs.push(`+52${mexican}`);
    misspelled = true;
  }
  return { rivals, repairs, misspelled };
}

/** Decimal digits stand in runs of ten from zero to nine (Unicode, category Nd), so that a digit's value is its place in them. */
function toAsciiDigits(text: string): string {
  return text.replace(/(?![0-9])\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0) ?? 0;
    let start = code;
    while (/\p{Nd}/u.test(String.fromCodePoint(start - 1))) start -= 1;
    return String((code - start) % 10);
  });
}
