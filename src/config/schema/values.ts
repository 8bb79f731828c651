import { DEFAULT_WIRE } from '../../upstream/wire-profile.ts';
import { DEFAULT_REGION } from '../defaults.ts';

/**
 * Schemas of values that variables and the file share. `errorMessage` says what would be right, both in our list of problems
 * and in editors; `format` names one of our own checks.
 */

const INT32_MAX = 2147483647;

/** An integer from `minimum` to `maximum`, both included. */
export function integer(minimum: number, maximum: number, options: Annotations<number>) {
  return {
    type: 'integer',
    minimum,
    maximum,
    errorMessage: `use an integer from ${minimum} to ${maximum}`,
    ...options,
  } as const;
}

/** One of a few words. */
export function choice<const Words extends readonly string[]>(words: Words, options: Annotations<Words[number]>) {
  return { enum: words, errorMessage: `use one of ${words.join(', ')}`, ...options } as const;
}

type Annotations<T> = { description: string; default?: T; examples?: T[] };

export const UnknownOutcome = choice(['resend', 'hold'], {
  description:
    'What becomes of a lead that may have arrived: sent again by itself, or held for a person. A site without it does as UNKNOWN_OUTCOME says.',
  examples: ['hold'],
});

/** Above this cap leads are held; above ten times the cap they are refused. */
export const PhoneDailyMax = integer(1, 1_000_000, {
  description: 'Leads of one number at a site by UTC day; what goes beyond is held.',
  examples: [5],
});

export const SiteDailyMax = integer(1, 10_000_000, {
  description: 'Leads of a site by UTC day; what goes beyond is held.',
  examples: [2000],
});

/** A key for encryption or hashing. It has no example, because somebody would use the example as the key. */
export const SecretKey = (description: string) =>
  ({ type: 'string', description, format: 'secret-key', errorMessage: 'use 32 bytes in base64' }) as const;

/** A token that a client of the operators' listener sends as `Authorization: Bearer <token>` (RFC 6750, section 2.1). */
export const token = (minimum: number, description: string) =>
  ({
    type: 'string',
    description,
    pattern: `^[!-~]{${minimum},512}$`,
    errorMessage: `use ${minimum} to 512 visible ASCII characters, as openssl rand -base64 32 prints them`,
  }) as const;

export const ProviderId = integer(1, INT32_MAX, { description: 'Id of the provider account.', examples: [1001] });

export const Username = {
  type: 'string',
  description: "The account's API user.",
  minLength: 1,
  maxLength: 256,
  format: 'xml-line',
  errorMessage: 'use a text of 1 to 256 characters',
  examples: ['gateway'],
} as const;

export const Password = {
  type: 'string',
  description: "The API user's password. Better kept in a file of its own.",
  minLength: 1,
  maxLength: 256,
  format: 'xml-line',
  errorMessage: 'use a text of 1 to 256 characters',
  examples: ['the password from the portal'],
} as const;

export const RegionName = choice(['na', 'au', 'eu'], {
  description: "Which of the provider's endpoints to call: North America, Australia or Europe.",
  default: DEFAULT_REGION,
  examples: ['eu'],
});

export const Endpoint = {
  type: 'string',
  description: "Address to call instead of the region's own. http is for loopback addresses only.",
  maxLength: 2048,
  format: 'endpoint',
  errorMessage: 'use an absolute https URL',
  examples: ['https://services.example/MobileTextConnectRestService.svc/InitiateMobileTextConversation'],
} as const;

export const XmlRoot = {
  type: 'string',
  description: 'Name of the root element.',
  pattern: '^[A-Za-z_][A-Za-z0-9_.-]{0,127}$',
  default: DEFAULT_WIRE.root,
  errorMessage: `use an element name without prefix, such as ${DEFAULT_WIRE.root}`,
  examples: ['MobileTextConversationRequest'],
} as const;

export const XmlNamespace = {
  type: 'string',
  description: 'Namespace of the root element and all others. Without it they are in none.',
  pattern: '^[^\\s<>"\\u0000-\\u001f\\ufffe\\uffff]{1,512}$',
  errorMessage: 'use a namespace such as http://schemas.datacontract.org/2004/07/Example',
  examples: ['http://schemas.datacontract.org/2004/07/Example'],
} as const;

export const XmlOrder = choice(['documented', 'alphabetical'], {
  description: "Order of the elements: the reference's, or by name as WCF's serialiser reads them.",
  default: DEFAULT_WIRE.order,
  examples: ['alphabetical'],
});

export const ContentType = {
  type: 'string',
  description: 'Content type of the request, which is sent in UTF-8.',
  maxLength: 256,
  format: 'content-type',
  default: DEFAULT_WIRE.contentType,
  errorMessage: `use a media type such as ${DEFAULT_WIRE.contentType}`,
  examples: ['text/xml; charset=utf-8'],
} as const;

export const ListingFormat = choice(['text', 'json', 'urlencoded'], {
  description: 'How a listing of names and values is written into ListingDetails.',
  default: DEFAULT_WIRE.listingFormat,
  examples: ['json'],
});

export const AdvertiserId = {
  type: 'string',
  description: "The provider's own id of a merchant.",
  maxLength: 64,
  pattern: '\\S',
  format: 'xml-line',
  errorMessage: 'use a text of 1 to 64 characters, in quotes',
  examples: ['1659'],
} as const;

export const MerchantId = integer(1, INT32_MAX, { description: "The upstream's id of a merchant.", examples: [20418] });

export const PlacementId = integer(1, INT32_MAX, {
  description: 'Where on the site leads come from when they do not say, for the reports of the provider.',
  examples: [7],
});

/** A key of one of the three maps (sites, partners, providers), and every reference to it. The pattern excludes `__proto__`. */
export const NAME = '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$';
const NAME_RULE = 'use 1 to 64 letters, digits, - and _, beginning with a letter or digit';

/**
 * Schema of a map by such keys. The value under an invalid key is validated too, so that all mistakes are reported at once.
 */
export const named = <const Entry extends object>(entry: Entry) =>
  ({
    type: 'object',
    patternProperties: { [NAME]: entry },
    additionalProperties: entry,
    propertyNames: { pattern: NAME },
    nameMessage: NAME_RULE,
  }) as const;

/** A reference to an entry of one of the three maps. */
export const name = (description: string, options: { default?: string; examples: string[] }) =>
  ({ type: 'string', description, pattern: NAME, errorMessage: NAME_RULE, ...options }) as const;

export const Everything = { type: 'string', const: '*', description: 'All of them.' } as const;
