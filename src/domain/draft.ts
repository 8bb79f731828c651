import { escapePointer } from '../lib/text.ts';
import { defined } from '../lib/values.ts';
import type { Consent, Lead, Listing, Page, Phone, Target } from './lead.ts';
import { parsePhone } from './phone.ts';
import { testProviderOf } from './provider.ts';
import { type FieldError, Refusal } from './refusal.ts';
import type { Partner, Site, TargetRule } from './site.ts';

/** The body of `POST /conversations` after schema validation: shapes and lengths are right, meanings are not checked yet. */
export type LeadRequest = {
  readonly site?: string;
  readonly advertiserId?: string;
  readonly merchantId?: number;
  readonly placementId?: number;
  readonly consumer: {
    readonly phone: string;
    readonly country?: string;
    readonly firstName?: string;
    readonly lastName?: string;
    readonly question?: string;
  };
  readonly listing?: Listing;
  readonly consent?: Consent;
  readonly page?: Page;
  readonly reference?: string;
};

/**
 * The authenticated sender of a request: a partner, or a visitor's browser with its allowed origin. `test`: it sends tests, whatever
 * the site is for.
 */
export type Requester = { readonly partner?: Partner; readonly origin?: string; readonly test?: boolean };

/**
 * Applies the domain's rules to a request and gives the lead to store. Blank optional texts become absent; every other text
 * stays unchanged.
 *
 * @param known mistakes of the body's form: what depends on these fields is not looked at, and they come first in the refusal
 * @throws Refusal that names every field that is wrong: `invalid_request`, `target_not_allowed`, `invalid_phone`, `country_not_allowed`,
 *   `consent_required`
 */
export function draftLead(
  body: LeadRequest,
  site: Site,
  requester: Requester,
  known: readonly FieldError[] = [],
): Lead {
  const mistakes = collectMistakes(known);
  const { part } = mistakes;
  const consumerText = (name: 'firstName' | 'lastName' | 'question') =>
    part([`/consumer/${name}`], () => optionalText(body.consumer[name], `/consumer/${name}`));
  const target = part(['/advertiserId', '/merchantId'], () => resolveTarget(body, site, requester.partner));
  const phone = part(['/consumer/phone', '/consumer/country'], () => draftPhone(body.consumer, site));
  const rest = {
    firstName: consumerText('firstName'),
    lastName: consumerText('lastName'),
    question: consumerText('question'),
    listing: part(['/listing'], () => draftListing(body.listing)),
    consent: part(['/consent'], () => draftConsent(body.consent, site.consentRequired)),
    page: part(['/page'], () => draftPage(body.page)),
    reference: part(['/reference'], () => draftReference(body.reference, requester.partner)),
  };
  const refusal = mistakes.refusal();
  if (refusal || !target || !phone) throw refusal;
  return defined({
    site: site.key,
    partner: requester.partner?.id,
    provider: requester.test || site.test ? testProviderOf(site.provider) : site.provider,
    ...target,
    placementId: body.placementId ?? site.placementId,
    phone,
    ...rest,
    origin: requester.origin,
  });
}

function draftPhone({ phone, country }: LeadRequest['consumer'], site: Site): Phone {
  return parsePhone(
    requireXmlText(phone, '/consumer/phone'),
    optionalText(country, '/consumer/country') ?? site.country,
    site.countries,
  );
}

function draftConsent(consent: Consent | undefined, required: boolean): Consent | undefined {
  const text = optionalText(consent?.text, '/consent/text');
  const version = optionalText(consent?.version, '/consent/version');
  if (text !== undefined || version !== undefined) return defined({ text, version });
  if (!required) return undefined;
  throw new Refusal(
    'consent_required',
    'This site takes no lead without consent; send the text that was agreed to, or its version.',
    { pointer: '/consent' },
  );
}

function draftPage(page: Page | undefined): Page | undefined {
  const url = optionalText(page?.url, '/page/url');
  const title = optionalText(page?.title, '/page/title');
  if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
    throw new Refusal('invalid_request', 'Is not an absolute http or https URL such as https://dealer.example/car/1.', {
      pointer: '/page/url',
    });
  }
  return url === undefined && title === undefined ? undefined : defined({ url, title });
}

/** Letters, marks, digits, punctuation and symbols of any script: what no reader, shell or spreadsheet drops or changes unseen. */
const VISIBLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]+$/u;

function draftReference(reference: string | undefined, partner: Partner | undefined): string | undefined {
  const text = optionalText(reference, '/reference');
  if (text === undefined) return undefined;
  const pointer = '/reference';
  if (!partner) {
    throw new Refusal('invalid_request', 'Is only for partners with their key in Authorization; leave it out.', {
      pointer,
    });
  }
  if (VISIBLE.test(text)) return text;
  throw new Refusal('invalid_request', 'Contains a space or an invisible character; send 1 to 128 visible ones.', {
    pointer,
  });
}

type Named = { readonly advertiserId?: string; readonly merchantId?: number };

/**
 * The merchant that a request goes to: the one that it names, else the site's default.
 * @throws Refusal `invalid_request` for both ids or for none without a default, `target_not_allowed` for one that the
 *   site's or the partner's configuration does not list
 */
export function resolveTarget(named: Named, site: Site, partner?: Partner): Pick<Lead, 'target' | 'targetFrom'> {
  const asked = namedTarget(named);
  const target = asked ?? site.defaultTarget;
  if (target === undefined) {
    throw new Refusal(
      'invalid_request',
      'Is needed: this site has no default target. Send advertiserId or merchantId.',
      { pointer: '/advertiserId' },
    );
  }
  const bySite = asked === undefined || allows(site.targets, target);
  if (bySite && (!partner?.targets || allows(partner.targets, target))) {
    return { target, targetFrom: asked ? 'caller' : 'site' };
  }
  throw new Refusal('target_not_allowed', `Is not a target of this ${bySite ? 'partner' : 'site'}.`, {
    pointer: 'merchantId' in target ? '/merchantId' : '/advertiserId',
  });
}

function namedTarget({ advertiserId, merchantId }: Named): Target | undefined {
  if (advertiserId !== undefined && merchantId !== undefined) {
    throw new Refusal('invalid_request', 'Is given beside advertiserId; send one of the two.', {
      pointer: '/merchantId',
    });
  }
  if (merchantId !== undefined) return { merchantId };
  if (advertiserId === undefined) return undefined;
  if (advertiserId.trim() === '') {
    throw new Refusal('invalid_request', 'Is blank; send the id or leave it out.', { pointer: '/advertiserId' });
  }
  return { advertiserId: requireXmlText(advertiserId, '/advertiserId') };
}

function allows(rule: TargetRule, target: Target): boolean {
  return 'merchantId' in target
    ? rule.merchantIds === '*' || rule.merchantIds.has(target.merchantId)
    : rule.advertiserIds === '*' || rule.advertiserIds.has(target.advertiserId);
}

/**
 * The listing as it is stored: blank texts are absent, everything else is unchanged.
 * @throws Refusal `invalid_request` for a name or text that XML cannot carry, a blank name, or an integer beyond 2^53,
 *   which JSON has already rounded
 */
export function draftListing(listing: Listing | undefined): Listing | undefined {
  if (listing === undefined || typeof listing === 'string') return optionalText(listing, '/listing');
  const mistakes = collectMistakes();
  const kept = Object.entries(listing).filter(([name, value]) => mistakes.part([], () => keeps(name, value)));
  const refusal = mistakes.refusal();
  if (refusal) throw refusal;
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function keeps(name: string, value: string | number | boolean): boolean {
  const pointer = `/listing/${escapePointer(name)}`;
  requireXmlText(name, '/listing');
  if (name.trim() === '') throw new Refusal('invalid_request', 'Has a blank name; name every value.', { pointer });
  if (typeof value === 'string') return optionalText(value, pointer) !== undefined;
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new Refusal('invalid_request', 'Is too large an integer to arrive unchanged; send it as text.', { pointer });
  }
  return true;
}

/** Whatever is no `Char` of XML 1.0 (https://www.w3.org/TR/xml/#charsets) and cannot be carried even as a reference. */
const IMPOSSIBLE = /[^\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/** Whether `text` can arrive at the provider unchanged. */
export function isXmlText(text: string): boolean {
  return !IMPOSSIBLE.test(text);
}

/** Refuses a text that XML could not carry, naming the field and never quoting it. */
export function requireXmlText(text: string, pointer: string): string {
  if (isXmlText(text)) return text;
  throw new Refusal(
    'invalid_request',
    'Contains a control character, a non-character or half a surrogate pair; remove it.',
    { pointer },
  );
}

/** An optional text as it is stored: unchanged, or absent where it is blank. */
export function optionalText(text: string | undefined, pointer: string): string | undefined {
  return text === undefined || requireXmlText(text, pointer).trim() === '' ? undefined : text;
}

/** Field errors that one answer has at most: enough for every field of a lead, and a bound on what a hostile body costs. */
export const MAX_FIELD_ERRORS = 25;

/** The mistakes of a request, so that one answer names them all. */
type Mistakes = {
  /**
   * Runs a part of the work. Gives `undefined` where it is refused, or where one of its inputs is known to be wrong.
   * @param inputs JSON pointers into the request
   */
  part<T>(inputs: readonly string[], run: () => T): T | undefined;
  /** All mistakes, under the code of the first; `undefined` where there are none. */
  refusal(): Refusal | undefined;
};

/** @param known mistakes of the request's form, which were found before */
function collectMistakes(known: readonly FieldError[] = []): Mistakes {
  const [first] = known;
  const refusals = first ? [new Refusal('invalid_request', first.detail, { errors: known })] : [];
  return {
    part(inputs, run) {
      if (known.some(({ pointer }) => inputs.some((input) => overlap(pointer, input)))) return undefined;
      try {
        return run();
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        refusals.push(error);
        return undefined;
      }
    },
    refusal() {
      const [worst] = refusals;
      const errors = refusals.flatMap((refusal) => refusal.errors).slice(0, MAX_FIELD_ERRORS);
      return worst && new Refusal(worst.code, worst.message, { errors });
    },
  };
}

/** Whether one of the pointers is the other or lies within it. */
function overlap(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}/`) || other.startsWith(`${one}/`);
}
