import { DEFAULT_WIRE } from '../../domain/wire.ts';
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
    'What happens to a lead that may have reached the provider: it is sent again automatically, or waits for an operator. A site can override UNKNOWN_OUTCOME.',
  examples: ['hold'],
});

/** Above this cap leads are held; above ten times the cap they are refused. */
export const PhoneDailyMax = integer(1, 1_000_000, {
  description:
    'How many leads of one phone number a site takes in a UTC day; further ones are held until an operator releases them.',
  examples: [5],
});

export const SiteDailyMax = integer(1, 10_000_000, {
  description: 'How many leads a site takes in a UTC day; further ones are held until an operator releases them.',
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

export const ProviderId = integer(1, INT32_MAX, {
  description: 'Id of the provider account, as the provider assigned it.',
  examples: [1001],
});

export const Username = {
  type: 'string',
  description: "Name of the account's API user.",
  minLength: 1,
  maxLength: 256,
  format: 'xml-line',
  errorMessage: 'use a text of 1 to 256 characters',
  examples: ['gateway'],
} as const;

export const Password = {
  type: 'string',
  description: 'Password of the API user. Prefer a separate file to a plain value.',
  minLength: 1,
  maxLength: 256,
  format: 'xml-line',
  errorMessage: 'use a text of 1 to 256 characters',
  examples: ['the password from the portal'],
} as const;

export const RegionName = choice(['na', 'au', 'eu'], {
  description: "The provider's endpoint: North America, Australia or Europe.",
  default: DEFAULT_REGION,
  examples: ['eu'],
});

export const Endpoint = {
  type: 'string',
  description: "Endpoint to call instead of the region's. http is allowed for loopback addresses only.",
  maxLength: 2048,
  format: 'endpoint',
  errorMessage: 'use an absolute https URL',
  examples: ['https://services.example/MobileTextConnectRestService.svc/InitiateMobileTextConversation'],
} as const;

export const XmlRoot = {
  type: 'string',
  description: 'Name of the root element of the document that is sent.',
  pattern: '^[A-Za-z_][A-Za-z0-9_.-]{0,127}$',
  default: DEFAULT_WIRE.root,
  errorMessage: `use an element name without prefix, such as ${DEFAULT_WIRE.root}`,
  examples: ['MobileTextConversationRequest'],
} as const;

export const XmlNamespace = {
  type: 'string',
  description: 'XML namespace of all elements. Without it the elements have no namespace.',
  pattern: '^[^\\s<>"\\u0000-\\u001f\\ufffe\\uffff]{1,512}$',
  errorMessage: 'use a namespace such as http://schemas.datacontract.org/2004/07/Example',
  examples: ['http://schemas.datacontract.org/2004/07/Example'],
} as const;

export const XmlOrder = choice(['documented', 'alphabetical'], {
  description: "Order of the elements: as in the provider's reference, or alphabetical as WCF's serialiser expects.",
  default: DEFAULT_WIRE.order,
  examples: ['alphabetical'],
});

export const ContentType = {
  type: 'string',
  description: 'Content type of the request, which is encoded in UTF-8.',
  maxLength: 256,
  format: 'content-type',
  default: DEFAULT_WIRE.contentType,
  errorMessage: `use a media type such as ${DEFAULT_WIRE.contentType}`,
  examples: ['text/xml; charset=utf-8'],
} as const;

export const ListingFormat = choice(['text', 'json', 'urlencoded'], {
  description: 'How names and values of a listing are written into ListingDetails.',
  default: DEFAULT_WIRE.listingFormat,
  examples: ['json'],
});

export const AdvertiserId = {
  type: 'string',
  description: 'Id of a merchant in your own system (AdvertiserId of the provider).',
  maxLength: 64,
  pattern: '\\S',
  format: 'xml-line',
  errorMessage: 'use a text of 1 to 64 characters, in quotes',
  examples: ['1659'],
} as const;

export const MerchantId = integer(1, INT32_MAX, {
  description: 'Id of a merchant in the system of the provider (MerchantId).',
  examples: [20418],
});

export const PlacementId = integer(1, INT32_MAX, {
  description: "Place on the site that leads come from, for the provider's reports; used for leads that name none.",
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

/** The path of a file that holds a secret: the twin of a value. */
export const secretFile = (description: string, example: string) =>
  ({
    type: 'string',
    description,
    minLength: 1,
    maxLength: 4096,
    errorMessage: "use a file's path",
    examples: [example],
  }) as const;
