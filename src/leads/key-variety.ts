/** Keys of visitors with less variety than this, in bits, are scoped by address as well. */
export const ENOUGH_BITS = 64;

/** Bits that the versions of a UUID draw at random (RFC 9562). The others are made of a time, an address or a name. */
const RANDOM_BITS_OF_UUID: Readonly<Record<string, number>> = { 4: 122, 7: 74 };
/** A ULID is a time of 10 characters and 80 random bits (https://github.com/ulid/spec). */
const RANDOM_BITS_OF_ULID = 80;
const TIME_OF_ULID = 10;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
/** A UUID made of a time and an address (version 1 or 6), written without hyphens. */
const TIME_UUID = /^[0-9a-f]{12}[16][0-9a-f]{3}[89ab][0-9a-f]{15}$/i;
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/i;
/** Shorter ones are mostly a time and a counter, as those of MongoDB. */
const LONG_HEX = /^[0-9a-f]{32,}$/i;

/** Digits alone, letters of one case, or words joined as in `orderNumber`. */
const WORD_OR_NUMBER = /^(?:[0-9]*|[A-Z]*|[A-Z]?[a-z]+|(?:[A-Z]?[a-z]{2,})+)$/;

const DIGIT_BITS = Math.log2(10);
const LETTER_BITS = Math.log2(26);
const BOTH_CASES_BITS = Math.log2(52);
/** A longer stretch of one kind is a word, a date or a counter, of which so many characters count. */
const LONGEST_STRETCH = 3;
const COUNTED_OF_LONGER = 2;
/** Random text hardly ever repeats as many characters. */
const REPEATED = 4;
/** The spread of a text of few different characters, such as a counter that is filled up with zeros, in bits a character. */
const LEAST_SPREAD_BITS = 2.5;

/**
 * How many random bits an `Idempotency-Key` has, as far as its text shows: an estimate of how hard it is to guess. It errs towards
 * too few, because such a key is only scoped more narrowly.
 *
 * A UUID counts by its version, a ULID by its random part, and 32 or more hexadecimal digits by their number. In any other key those
 * parts between separators count that hold letters and digits. Each stretch of one kind in them counts by its characters, up to
 * three; of a longer one, such as a word, a date or a counter, two count. A key of few different characters counts nothing.
 * No measure of the text can tell that a key was computed from something known, such as the hash of an order number.
 */
export function varietyBits(key: string): number {
  const version = UUID.exec(key)?.[1];
  if (!isSpread(key) || TIME_UUID.test(key)) return 0;
  if (version !== undefined) return RANDOM_BITS_OF_UUID[version] ?? 0;
  if (ULID.test(key)) return isSpread(key.slice(TIME_OF_ULID)) ? RANDOM_BITS_OF_ULID : 0;
  if (LONG_HEX.test(key)) return repeats(key) ? 0 : key.length * 4;
  return key
    .split(/[^0-9A-Za-z]+/)
    .filter((part) => !WORD_OR_NUMBER.test(part))
    .reduce((bits, part) => bits + bitsOfPart(part), 0);
}

function bitsOfPart(part: string): number {
  const letterBits = /[a-z]/.test(part) && /[A-Z]/.test(part) ? BOTH_CASES_BITS : LETTER_BITS;
  const stretches = part.match(/[0-9]+|(?:[A-Z]?[a-z]{2,})+|[A-Z]?[a-z]+|[A-Z]+/g) ?? [];
  return stretches.reduce((bits, stretch) => {
    const counted = stretch.length > LONGEST_STRETCH ? COUNTED_OF_LONGER : stretch.length;
    return bits + counted * (/[0-9]/.test(stretch) ? DIGIT_BITS : letterBits);
  }, 0);
}

/** Whether the characters of a text are spread enough: its Shannon entropy a character. */
function isSpread(text: string): boolean {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  const shares = [...counts.values()].map((n) => n / text.length);
  return -shares.reduce((sum, share) => sum + share * Math.log2(share), 0) >= LEAST_SPREAD_BITS;
}

function repeats(text: string): boolean {
  return Array.from({ length: text.length - REPEATED }, (_, at) => text.slice(at, at + REPEATED)).some((part, at) =>
    text.includes(part, at + 1),
  );
}
