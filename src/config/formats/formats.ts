import { createHash } from 'node:crypto';
import { isSupportedCountry } from 'libphonenumber-js/max/es6';
import { isXmlText } from '../../domain/draft.ts';
import { foldWords } from '../../domain/failure-pattern.ts';
import { DEVELOPMENT_HASH_KEY } from '../defaults.ts';
import type { Mistake } from '../problem.ts';
import { checkCidr, checkCollector, checkEndpoint, checkHost, checkOrigin } from './addresses.ts';
import { checkDatabase, checkRedis } from './databases.ts';

/** The `format`s of our schemas: each says what is wrong with a text, or nothing. */
export const FORMATS: Readonly<Record<string, (text: string) => Mistake | undefined>> = {
  'calendar-date': checkDate,
  cidr: checkCidr,
  'content-type': checkContentType,
  country: checkCountry,
  database: checkDatabase,
  email: checkEmail,
  endpoint: checkEndpoint,
  expiry: checkExpiry,
  'failure-text': checkFailureText,
  host: checkHost,
  'key-hash': checkKeyHash,
  origin: checkOrigin,
  'page-url': checkPageUrl,
  'receiver-url': checkReceiverUrl,
  redis: checkRedis,
  collector: checkCollector,
  'secret-key': checkSecretKey,
  'time-zone': checkTimeZone,
  'webhook-secret': checkWebhookSecret,
  'xml-line': checkXmlLine,
};

/** Checks a country code: ISO 3166-1 alpha-2 in capitals, of a country whose numbers libphonenumber can parse. */
function checkCountry(text: string): Mistake | undefined {
  if (isSupportedCountry(text)) return undefined;
  const meant = text.toUpperCase() === 'UK' ? 'GB' : text.toUpperCase();
  return {
    problem: 'is not a country code',
    fix: isSupportedCountry(meant) ? `write ${meant}` : 'use two capital letters of ISO 3166-1, such as US or GB',
  };
}

const KEY_HASH_RULE = 'use sha256: and 64 hexadecimal digits, as printf %s "$KEY" | sha256sum prints them';
const HASH_OF_NOTHING = createHash('sha256').digest('hex');

/** Checks the hash of a partner's key. The hash of an empty text comes from an unset `$KEY`, and would accept an empty key. */
function checkKeyHash(text: string): Mistake | undefined {
  if (!/^sha256:[0-9a-f]{64}$/i.test(text)) return { problem: 'is not the SHA-256 of a key', fix: KEY_HASH_RULE };
  if (text.slice('sha256:'.length).toLowerCase() !== HASH_OF_NOTHING) return undefined;
  return { problem: 'is the hash of an empty key', fix: 'set KEY before hashing it' };
}

/** The 32 bytes of a valid key hash. */
export function keyHashBytes(text: string): Buffer {
  return Buffer.from(text.slice('sha256:'.length), 'hex');
}

/** Checks a date of the calendar. */
function checkDate(text: string): Mistake | undefined {
  // JavaScript takes 30 February for 1 March.
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time) && new Date(time).toISOString().startsWith(text)) return undefined;
  return { problem: 'is no date', fix: 'use a date such as 2026-12-25' };
}

/** Checks the end of a validity: a date of the calendar, or a time with its zone. */
function checkExpiry(text: string): Mistake | undefined {
  const [, date] = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2}))?$/.exec(text) ?? [];
  const time = date === undefined ? Number.NaN : Date.parse(text);
  // JavaScript takes 30 February for 1 March.
  if (!Number.isNaN(time) && new Date(`${date}T00:00Z`).toISOString().startsWith(date as string)) return undefined;
  return { problem: 'is no date', fix: 'use a date such as 2027-06-30, or a time such as 2027-06-30T18:00Z' };
}

/** How to make a key: the fix of every problem with one. */
export const MAKE_KEY = 'use a key of its own, as openssl rand -base64 32 prints it';

const KEY_BYTES = 32;
/** 32 random bytes have about 30 distinct values; fewer than 8 occur once in 10^27 keys. */
const LEAST_DIFFERENT_BYTES = 8;

/** Checks a secret key: 32 bytes in base64 (RFC 4648, section 4), not obviously guessable. */
function checkSecretKey(text: string): Mistake | undefined {
  const key = keyBytes(text);
  if (key.length !== KEY_BYTES || key.toString('base64') !== text) {
    return { problem: 'is not 32 bytes in base64', fix: MAKE_KEY };
  }
  if (new Set(key).size < LEAST_DIFFERENT_BYTES) return { problem: 'is no random key', fix: MAKE_KEY };
  if (key.equals(DEVELOPMENT_HASH_KEY)) {
    return { problem: 'is the key for development, which everybody knows', fix: MAKE_KEY };
  }
  return undefined;
}

/** The 32 bytes of a valid key. */
export function keyBytes(text: string): Buffer {
  return Buffer.from(text, 'base64');
}

/** Checks text that goes unchanged into the provider's document. A line break is usually an extra newline in a secret file. */
function checkXmlLine(text: string): Mistake | undefined {
  if (isXmlText(text) && !/[\r\n]/.test(text)) return undefined;
  return { problem: 'contains a line break or a character that XML cannot carry', fix: 'remove it' };
}

/** Checks the media type of an XML document in UTF-8 (RFC 9110, section 8.3.1; RFC 7303). */
function checkContentType(text: string): Mistake | undefined {
  const fix = 'use a media type such as application/xml; charset=utf-8 or text/xml; charset=utf-8';
  const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
  const form = new RegExp(`^${token}/${token}(; *${token}=(${token}|"[ !#-\\[\\]-~]*"))*$`);
  if (!form.test(text)) return { problem: 'is not a media type', fix };
  if (!/^(application|text)\/([^;]+\+)?xml *(;|$)/i.test(text))
    return { problem: 'is not a type of XML documents', fix };
  const charset = /; *charset="?([^";]*)/i.exec(text)?.[1];
  if (charset === undefined || charset.toLowerCase() === 'utf-8') return undefined;
  return { problem: 'names a charset other than utf-8, in which documents are sent', fix };
}

/** Shorter texts of a pattern stand in too many descriptions. */
const LEAST_CHARACTERS = 3;

/** Checks the text of a failure pattern: it stands on one line and has something to compare. */
function checkFailureText(text: string): Mistake | undefined {
  if (!/\p{Cc}/u.test(text) && foldWords(text).join('').length >= LEAST_CHARACTERS) return undefined;
  return { problem: 'is not a usable text', fix: `use at least ${LEAST_CHARACTERS} letters or digits on one line` };
}

const URL_RULE = 'use an absolute URL such as https://hooks.example/path';

/** Checks the URL that outgoing messages are posted to. */
function checkReceiverUrl(text: string): Mistake | undefined {
  const url = URL.parse(text);
  if (!url || /\s/.test(text)) return { problem: 'is not an absolute URL', fix: URL_RULE };
  if (!/^https?:$/.test(url.protocol)) return { problem: 'is neither https nor http', fix: URL_RULE };
  if (url.username !== '' || url.password !== '') {
    return {
      problem: 'contains a user name or password',
      fix: 'take them out; a receiver verifies the signature of "secret"',
    };
  }
  return url.hash === '' ? undefined : { problem: 'contains a fragment', fix: 'leave out everything from # on' };
}

/** Checks the URL of a page that visitors open. */
function checkPageUrl(text: string): Mistake | undefined {
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && !/\s/.test(text)) return;
  return {
    problem: 'is not the URL of a page',
    fix: 'use an absolute https URL without a user name, such as https://dealer.example/privacy',
  };
}

/** Checks a secret of Standard Webhooks: `whsec_` and 24 to 64 bytes in base64. */
function checkWebhookSecret(text: string): Mistake | undefined {
  const fix = 'use whsec_ and 24 to 64 random bytes in base64: echo "whsec_$(openssl rand -base64 32)"';
  if (!text.startsWith('whsec_')) return { problem: 'does not begin with whsec_', fix };
  const encoded = text.slice('whsec_'.length);
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded || bytes.length < 24 || bytes.length > 64)
    return { problem: 'is not whsec_ and 24 to 64 bytes in base64', fix };
  return new Set(bytes).size < 8 ? { problem: 'is no random secret', fix } : undefined;
}

/** Checks one address of e-mail, without a name beside it. */
function checkEmail(text: string): Mistake | undefined {
  if (/^[^\s@<>(),;:"\\[\]]{1,64}@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$/i.test(text)) return undefined;
  return { problem: 'is not an e-mail address', fix: 'use an address such as oncall@example.com, without a name' };
}

/** Checks the IANA name of a time zone. */
function checkTimeZone(text: string): Mistake | undefined {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return undefined;
  } catch {
    return { problem: 'is not a time zone', fix: 'use an IANA name such as America/New_York or Europe/Berlin' };
  }
}
