import type { Lead } from '../domain/lead.ts';
import { stripLeadValues } from './lead-values.ts';

/** The subject of a Failure's description. `other` stands for all texts that only a person can judge. */
export type FailureSubject = 'phone' | 'target' | 'credentials' | 'unavailable' | 'other';

/*
 * The provider publishes no list of its descriptions. The phrases below are the element names of its reference, joined
 * and spaced, and the phrases of similar services. They match lower-case words that are separated by single spaces; `|`
 * separates sentences and `·` stands for a value of the lead.
 */

const CREDENTIALS = phrases(
  'credentials?',
  'pass ?(?:word|code|phrase)s?',
  'user ?(?:name|id)s?',
  'log ?(?:in|on)s?',
  'sign ?(?:in|on)',
  'provider ?ids?',
  '(?:unknown|invalid|inactive|disabled|suspended) (?:provider|user|account)',
  '(?:provider|user|account) (?:is |was |has been )?(?:unknown|invalid|not valid|inactive|disabled|suspended|locked|expired|closed|terminated)',
  '(?:provider|user|account) (?:is |was |could )?not (?:be )?found',
  '(?:api|access|auth|security) ?(?:keys?|tokens?)',
  'token (?:is |has )?(?:invalid|expired)',
  '(?:un)?auth(?:enticat|ori[sz])[a-z]*',
  'access (?:is |was |has been )?(?:denied|revoked)',
  'permissions?',
  'not (?:permitted|entitled|allowed) to (?:access|use|call)',
  'privileges?',
  'forbidden',
  'ip (?:address )?(?:· )?(?:is )?not (?:allowed|permitted|white ?listed)',
);

/** Advice to contact somebody. It says nothing of the consumer's number or of the target. */
const ADVICE = phrases(
  'please (?:tele)?phone(?! numbers?)',
  '(?:tele)?phone (?:us|our|support|customer (?:service|care)|the help ?desk)',
  '(?:by|via|over the) (?:tele)?phone',
  '(?<=^|[|] |please |or |and )(?:contact|call|ask|notify) (?:us|our|your|the|customer|technical|support)(?![^ ])[^|]*',
);

/** The number as the provider's reference and similar services name it. */
const PHONE =
  '(?:(?:consumer|customer|recipient|destination|handset|subscriber|visitor) ?s? ?)?(?:(?:mobile|cell|cellular) ?)?(?:tele)?phone ?(?:number|no|num)?s?(?: ?country ?code)?' +
  '|(?:(?:consumer|customer) s? ?)?(?:mobile|cell|cellular|handset|subscriber) ?(?:number|no)?s?|(?:consumer|customer|recipient|destination) (?:number|no)s?' +
  '|msisdn|(?:phone )?country ?code';
const TARGET = '(?:merchant|advertiser)s?(?: ?(?:id|identifier|code|key))?s?';
const PHONE_WORD = phrases(PHONE, 'land ?lines?', 'numbers?');
const TARGET_WORD = phrases(TARGET);

/** A noun that makes a preceding "phone" or "merchant" a part of a system's name: "the mobile phone gateway". */
const SYSTEM =
  '(?:messag(?:e|ing) |text(?:ing)? |sms |look ?up )?(?:services?|gateways?|systems?|servers?|platforms?|networks?|apis?|hosts?|backends?|databases?)';
const PART_OF_SYSTEM = new RegExp(phrases(`(?:${PHONE}|${TARGET}) (${SYSTEM})`).source, 'gu');
/** The product's own name holds a word for a number. */
const PRODUCT = /mobile (?=text connect)/g;

/** Words between the noun and what is said of it. */
const DETAIL =
  '(?: (?:·|\\d+|value|field|parameter|element|format|length|provided|supplied|given|entered|specified|submitted|sent|received|you|that|was|were|for (?:the )?(?:country|region) ·))*';
/** The end of a statement. A following noun would be the real subject: "invalid phone number pool". */
const END = `(?=${DETAIL}(?:$| [|·]| (?:please|must|it|use|check|and|or|try|expected|in request|in the request|on request|for consumer|for (?:this|the) request)(?![^ ])))`;

const INVALID = 'invalid|incorrect|malformed|unknown|unrecogni[sz]ed|nonexistent|non existent|bogus|unassigned';
const NOT_VALID = `not (?:an? |the )?(?:valid|known|correct|recogni[sz]ed|assigned|well formed|real|registered|on file|in (?:a )?(?:valid|correct|proper) format)`;
const NOT_EXISTING =
  '(?:does|did|do) not exist|(?:was |were |is |are |could |can )?not (?:be )?found|no longer exists?';
const BE = '(?:is|was|are|were|appears to be|seems to be|looks|has been reported as|contains|has) ?(?:an? )?';

/** "Invalid X", "X is not valid", "No such X": the statement that X is invalid or not known. */
function invalidityOf(noun: string, more: readonly string[]): RegExp {
  return phrases(
    `(?<!(?:not|no|not an?) )(?:an? |the )?(?:${INVALID}|bad|wrong|no such)(?: (?:value|format))?(?: (?:for|in|of))?(?: (?:the|this|that|a|field|parameter|element|property|consumer s))* (?:${noun})${END}`,
    `(?:not (?:an? )?(?:valid|known|correct|recogni[sz]ed)) (?:${noun})${END}`,
    `(?:${noun})${DETAIL} (?:${BE})?(?:${INVALID}|${NOT_VALID})(?= ?(?:$|[|·]|(?:for (?:country|region|this request|the request)|asked|and|or|please|in|must|number|phone|mobile|cell|us|digits?|merchant|advertiser|format|id|error|value|it|as|e)(?![^ ])))`,
    `(?:${noun})${DETAIL} (?:${NOT_EXISTING})(?=$| [|·]| (?:and|or|please|for the (?:advertiser|merchant) ?id|in (?:the|our) (?:system|database|records))(?![^ ]))`,
    `(?:(?:can|could|did|do|does) not|unable to|failed to) (?:find|parse|recogni[sz]e|resolve|locate) (?:an? |the |any )?(?:matching |such )?(?:${noun})${END}`,
    ...more,
  );
}

const INVALID_PHONE = invalidityOf(PHONE, [
  `(?:${PHONE})${DETAIL} (?:is |was |are )?(?:not (?:an? )?(?:mobile|cell|cellular|wireless|sms capable|text enabled|textable)|(?:an? )?land ?line)(?: (?:phone|number|phone number|device))*`,
  `(?:${PHONE})${DETAIL} (?:is |was )?(?:not in service|disconnected|out of service|too (?:short|long))`,
  `(?:${PHONE})${DETAIL} (?:failed|did not pass) validation`,
  `(?:${PHONE})${DETAIL} (?:must|should|has to) (?:be|have|contain|consist of) (?:(?:an?|exactly|at least|only|between) )*(?:valid|numeric|digits|\\d+|ten)(?![^ ])[^|]*`,
  `(?:${PHONE})${DETAIL} can not (?:receive|accept|be)(?: (?:texts?|texted|sms|mms|messages?))+(?=$| [|])`,
  '(?:is |was |to )?(?:an? )?land ?lines?(?: numbers?)? (?:can not be|are not|is not)[^|]*',
  `wrong number of digits[^|]* (?:${PHONE})`,
]);
const INVALID_TARGET = invalidityOf(TARGET, [
  `no (?:active |matching |such |valid )*(?:${TARGET})(?: ·)? (?:(?:was |were |could be )?(?:found|located)|exists?|match(?:es)?|(?:with|by|for) (?:that|this|the) (?:id|identifier|(?:${TARGET})))(?![^ ])[^|]*`,
  `no (?:active |matching |such |valid )*(?:${TARGET})$`,
]);

/** A number that is not the consumer's, a statement about both number and target, or a sentence that asserts nothing. */
const NOT_ABOUT_LEAD = phrases(
  '(?:your|our|merchant s?|advertiser s?|dealer s?|business|company|support|sender|source|from|originating|provider s?|agent s?|toll free|short code|reply|callback|outbound) (?:mobile |cell )?(?:tele)?(?:phone|number)(?: ?numbers?)?',
  '(?:phone|number)s? (?:of|for|configured for|assigned to) (?:this|the|your|our) (?:merchant|advertiser|dealer|account|provider|agent)',
  `(?:${PHONE}) (?:and|or) (?:the |an? )?(?:${TARGET})`,
  `(?:${TARGET}) (?:and|or) (?:the |an? )?(?:${PHONE})`,
  'if|whether|unless|in case|may|might|maybe|perhaps|possibly|either|probably|could be|exception',
);

/** Subjects whose absence concerns the service itself and not the lead. */
const SERVICE =
  '(?:services?|systems?|servers?|gateways?|platforms?|networks?|hosts?|apis?|applications?|endpoints?|backends?|databases?|connect|carrier|site|we|resource)';
const UNAVAILABLE = phrases(
  `${SERVICE}(?: [a-z]+){0,3}? (?:(?:temporarily|currently|momentarily|presently) )?(?:unavailable|not available|not currently available|offline|down|busy|overloaded|not (?:responding|reachable)|unreachable|out of service|at capacity|over capacity|under (?:heavy|high) load)`,
  `(?:temporarily|currently)? ?(?:unavailable|overloaded|busy) ${SERVICE}`,
  '(?<=^|[|] )(?:temporarily|currently) (?:unavailable|offline|down|overloaded)',
  '(?:under|undergoing|down for|scheduled|planned|routine|system|in|for) maintenance',
  'maintenance (?:window|mode|in progress|is in progress)',
  'too many (?:concurrent |simultaneous )?(?:requests|connections|calls)',
  'rate limit (?:was |has been |is )?(?:exceeded|reached)',
  '(?:request|requests|call|calls) (?:was|were|is|are|has been|have been) throttled',
);

/** Words that an answer about availability may not contain: they name something else. */
const ELSEWHERE = phrases(
  'balance|credits?|payments?|billing|invoices?|plans?|subscriptions?|licen[cs]es?|contracts?|features?|quotas?',
  'country|region|state|areas?|agents?|departments?|consumers?|customers?|recipients?|dealers?|opted|blocked|blacklisted|unsubscribed|stop',
);

/**
 * What a Failure's description says, after the lead's own values are removed from it (the table "What the provider's
 * answer becomes" in `docs/architecture.md`). Credentials take precedence over everything else. `phone` and `target`
 * reject a lead for good, so the text has to state that the number or the target is invalid or not known; a text that
 * states it of both is `other`. `unavailable` needs a text that names nothing but the service. Everything else is `other`.
 */
export function classifyFailure(description: string | undefined, lead: Lead): FailureSubject {
  return description === undefined ? 'other' : classifyWords(stripLeadValues(description, lead));
}

/** Does the same for the words that `stripLeadValues` gave. */
export function classifyWords(stripped: string): FailureSubject {
  const words = withNegations(stripped).replaceAll(PRODUCT, '').replaceAll(PART_OF_SYSTEM, '$1');
  if (CREDENTIALS.test(words)) return 'credentials';
  const sentences = words.split(' | ').filter((sentence) => !NOT_ABOUT_LEAD.test(sentence));
  const statements = sentences.map((sentence) => sentence.replace(ADVICE, '').trim());
  const isPhone = statements.some((sentence) => INVALID_PHONE.test(sentence));
  const isTarget = statements.some((sentence) => INVALID_TARGET.test(sentence));
  if (isPhone !== isTarget) return isPhone ? 'phone' : 'target';
  const advised = words.replace(ADVICE, '·');
  const namesMore = [PHONE_WORD, TARGET_WORD, ELSEWHERE].some((named) => named.test(advised));
  return !namesMore && UNAVAILABLE.test(advised) ? 'unavailable' : 'other';
}

/** "can't", "cannot" and "isn't" as two words. */
function withNegations(words: string): string {
  return words.replace(/\bcan ?not\b|\bcan t\b/g, 'can not').replace(/([a-z]+)n t(?![^ ])/g, '$1 not');
}

/** Matches whole words only, in a text of words that are separated by single spaces. */
function phrases(...sources: readonly string[]): RegExp {
  return new RegExp(`(?<![^ ])(?:${sources.join('|')})(?![^ ])`, 'u');
}
