import { defined } from '../lib/defined.ts';
import type { Consent, Lead, Listing, Page } from './lead.ts';
import { draftListing } from './listing.ts';
import type { Partner } from './partner.ts';
import { parsePhone } from './phone.ts';
import { Refusal } from './refusal.ts';
import type { Site } from './site.ts';
import { resolveTarget } from './target.ts';
import { optionalText, requireXmlText } from './text.ts';

/** The body of `POST /conversations` after its schema held: shapes and lengths are right, meanings are not checked yet. */
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
};

/** Who sends it, after admission: a partner, or a visitor's browser with the origin that was admitted. */
export type Sender = { readonly partner?: Partner; readonly origin?: string };

/**
 * Applies the domain's rules to an admitted request and gives the lead that is stored.
 * Blank optional texts become absent; every other text stays as it came.
 *
 * @throws Refusal that names the field: `invalid_request`, `target_not_allowed`, `invalid_phone`, `country_not_allowed`,
 *   `consent_required`
 */
export function draftLead(body: LeadRequest, site: Site, sender: Sender): Lead {
  const { consumer } = body;
  const { target, targetFrom } = resolveTarget(body, site, sender.partner);
  return defined({
    site: site.key,
    partner: sender.partner?.id,
    provider: site.provider,
    target,
    targetFrom,
    placementId: body.placementId ?? site.placementId,
    phone: parsePhone(
      requireXmlText(consumer.phone, '/consumer/phone'),
      optionalText(consumer.country, '/consumer/country') ?? site.country,
      site.countries,
    ),
    firstName: optionalText(consumer.firstName, '/consumer/firstName'),
    lastName: optionalText(consumer.lastName, '/consumer/lastName'),
    question: optionalText(consumer.question, '/consumer/question'),
    listing: draftListing(body.listing),
    consent: draftConsent(body.consent, site.consentRequired),
    page: draftPage(body.page),
    origin: sender.origin,
  });
}

function draftConsent(consent: Consent | undefined, required: boolean): Consent | undefined {
  const text = optionalText(consent?.text, '/consent/text');
  const version = optionalText(consent?.version, '/consent/version');
  if (text !== undefined || version !== undefined) return defined({ text, version });
  if (!required) return undefined;
  throw new Refusal(
    'consent_required',
    'This site takes no lead without consent; send the text that was agreed to, or its version.',
    {
      pointer: '/consent',
    },
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
