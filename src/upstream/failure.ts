import type { Lead } from '../conversation/types.ts';
import { stripLeadValues } from './lead-values.ts';

/** The thing that a Failure's description is about. */
export type FailureSubject = 'phone' | 'target' | 'credentials' | 'other';

/**
 * Words that name the subject. The provider publishes no list of its descriptions, so these are the element names of its
 * reference, joined and spaced, and the phrases of similar services.
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

/** Advice to call somebody names no consumer's phone. */
const ADVICE = phrases([
  'please (?:tele)?phone(?! numbers?)',
  '(?:tele)?phone (?:us|our|support|customer (?:service|care))',
]);

/**
 * The subject of a Failure's description: the phone before the target before the credentials. The target comes before the
 * credentials, so that one merchant's missing permission never parks a whole provider account.
 */
export function classifyFailure(description: string | undefined, lead: Lead): FailureSubject {
  if (description === undefined) return 'other';
  const words = stripLeadValues(description, lead).replaceAll(ADVICE, '·');
  if (words.search(PHONE) !== -1) return 'phone';
  if (words.search(TARGET) !== -1) return 'target';
  if (words.search(CREDENTIALS) !== -1) return 'credentials';
  return 'other';
}

/** Matches whole words only, in a text of words that are separated by single spaces. */
function phrases(sources: readonly string[]): RegExp {
  return new RegExp(`(?<![^ ])(?:${sources.join('|')})(?![^ ])`, 'gu');
}
