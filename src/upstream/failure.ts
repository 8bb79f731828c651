import type { Lead } from '../conversation/types.ts';
import { withoutOwnValues } from './own-values.ts';

/** What a Failure blames. */
export type Blame = 'phone' | 'target' | 'credentials' | 'other';

/**
 * Words that name a thing. The provider publishes no list of its descriptions, so these are its reference's own element
 * names, glued and spaced, and how services of its kind phrase such failures.
 */
const PHONE = phrases([
  '(?:consumer)?(?:tele|cell|mobile)?phones?(?:number)?s?(?:countrycode)?',
  '(?:mobile|cell|cellular|consumer) numbers?',
  'land ?lines?',
  'msisdn',
  'country ?codes?',
]);

const TARGET = phrases(['(?:advertiser|merchant)s?(?: ?ids?)?']);

const CREDENTIALS = phrases([
  'credentials?',
  'pass ?(?:word|code)s?',
  'user ?(?:name|id)s?',
  'log ?(?:in|on)s?',
  'sign ?in',
  'provider ?ids?',
  '(?:unknown|invalid|inactive|disabled|suspended) provider',
  'provider (?:is |was )?(?:unknown|invalid|inactive|disabled|suspended|not found)',
  'account (?:is |was |has been )?(?:inactive|disabled|suspended|locked|expired)',
  '(?:un)?authenticat[a-z]*',
  '(?:un)?authori[sz][a-z]*',
  'access (?:is |was )?denied',
  'permissions?',
  'forbidden',
]);

/** Advice to ring somebody up names no consumer's phone. */
const ADVICE = phrases([
  'please (?:tele)?phone(?! numbers?)',
  '(?:tele)?phone (?:us|our|support|customer (?:service|care))',
]);

/**
 * Says what a Failure's description blames, first match first: the phone, the target, the credentials. The target comes
 * before the credentials, so that one merchant's missing permission never parks a whole provider account.
 */
export function blame(description: string | undefined, lead: Lead): Blame {
  if (description === undefined) return 'other';
  const words = withoutOwnValues(description, lead).replaceAll(ADVICE, '·');
  if (words.search(PHONE) !== -1) return 'phone';
  if (words.search(TARGET) !== -1) return 'target';
  if (words.search(CREDENTIALS) !== -1) return 'credentials';
  return 'other';
}

/** Whole words only, in text that holds nothing but words and single spaces. */
function phrases(sources: readonly string[]): RegExp {
  return new RegExp(`(?<![^ ])(?:${sources.join('|')})(?![^ ])`, 'gu');
}
