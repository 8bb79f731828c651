import { randomBytes, randomUUID } from 'node:crypto';
import t from 'tap';
import { ENOUGH_BITS, varietyBits } from '../../src/leads/key-variety.ts';

/** Keys that a stranger cannot guess, and those that one can. */
const HARD: Readonly<Record<string, string>> = {
  'a UUID of version 4': '3f2b8c1e-9d47-4e6a-b5f0-7c1d2a9e8b34',
  'the same in capital letters': '3F2B8C1E-9D47-4E6A-B5F0-7C1D2A9E8B34',
  'a UUID of version 7': '019364f1-2f7a-7c3e-9b1d-5a8f0e62c4d7',
  'a ULID': '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  'a nanoid': 'V1StGXR8_Z5jdHi6B-myT',
  'a nanoid with a prefix': 'lead-V1StGXR8_Z5jdHi6B-myT',
  '128 random bits in hexadecimal': '9f86d081884c7d659a2feaa0c55ad015',
  '128 random bits in base64url': 'kW8f3QzXb1Rj6Yv0TnH2Lg',
  'a KSUID': '1srOrx2ZWZBpBUvZwXKQmoEYga2',
};
const EASY: Readonly<Record<string, string>> = {
  'an order number': 'order-123',
  'an order number with a date': 'order-2026-11-28-000123',
  'a date': '2026-11-28',
  'a time': '2026-11-28T09:15:00.123Z',
  'a form and a time': 'contact-form-2026-11-28T09:15:00.123Z',
  'milliseconds since the epoch': '1764321300123',
  'a long number': '20261128091500123000042',
  'a snowflake': '1541815603606036480',
  'one letter': 'k',
  'one letter many times': 'a'.repeat(64),
  'two letters many times': 'ab'.repeat(32),
  'a pattern of letters and digits': 'a1'.repeat(32),
  'all hexadecimal digits twice': '0123456789abcdef0123456789abcdef',
  words: 'this-is-the-key-of-the-contact-form',
  'words without separators': 'ThisIsTheKeyOfTheContactForm',
  'words and numbers without separators': 'customer20261128order000123456',
  'an address of mail with a date': 'ann.smith@example.com-2026-11-28',
  'a VIN and a phone number': '2HGFC2F59KH500000-14045551212',
  'a UUID of version 1 (time, counter, network card)': '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
  'the same without hyphens': '6ba7b8109dad11d180b400c04fd430c8',
  'a UUID of version 6 (the same, sorted by time)': '1ec9414c-232a-6b00-b3c8-9e6bdeced846',
  'a UUID of version 5 (hash of a name)': '2ed6657d-e927-568b-95e1-2665a8aea6a2',
  'no UUID at all': '00000000-0000-0000-0000-000000000000',
  'a counter that looks like a UUID of version 4': '00000000-0000-4000-8000-000000123456',
  'a counter that looks like a ULID': '01ARZ3NDEK0000000000000042',
};

t.test('keys that cannot be guessed have 64 bits of variety or more', (t) => {
  for (const [name, key] of Object.entries(HARD)) t.ok(varietyBits(key) >= ENOUGH_BITS, `${name}: ${varietyBits(key)}`);
  t.end();
});

t.test('keys that can be guessed have less than 64 bits of variety', (t) => {
  for (const [name, key] of Object.entries(EASY)) t.ok(varietyBits(key) < ENOUGH_BITS, `${name}: ${varietyBits(key)}`);
  t.end();
});

t.test('known formats count by their random part', (t) => {
  t.equal(varietyBits(HARD['a UUID of version 4'] ?? ''), 122);
  t.equal(varietyBits(HARD['a UUID of version 7'] ?? ''), 74);
  t.equal(varietyBits(HARD['a ULID'] ?? ''), 80);
  t.equal(varietyBits('9f86d081884c7d659a2feaa0c55ad015'), 128);
  t.equal(varietyBits('order-123'), 0);
  t.end();
});

t.test('every UUID that a browser makes has enough variety, and nearly every key of 192 random bits', (t) => {
  const uuids = Array.from({ length: 1_000 }, () => randomUUID());
  t.ok(uuids.every((key) => varietyBits(key) >= ENOUGH_BITS));
  const keys = Array.from({ length: 1_000 }, () => randomBytes(24).toString('base64url'));
  t.ok(keys.filter((key) => varietyBits(key) >= ENOUGH_BITS).length > 950);
  t.end();
});

t.test('the longest key is measured as well', (t) => {
  t.equal(varietyBits('~'.repeat(255)), 0);
  t.ok(varietyBits(randomBytes(127).toString('hex')) >= 0);
  t.equal(varietyBits(''), 0);
  t.end();
});
