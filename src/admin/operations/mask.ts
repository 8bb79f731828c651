import type { Lead, Listing, Page, Phone } from '../../domain/lead.ts';

/** Digits of a number that are shown: enough to compare with a known number, too few to call it. */
const SHOWN = 4;

/** Masks a number as `+1******1212`: country code and last digits; fewer digits of a short number. */
export function maskPhone({ callingCode, national }: Phone): string {
  const shown = Math.min(SHOWN, Math.floor(national.length / 2.5));
  return `+${callingCode}${'*'.repeat(national.length - shown)}${national.slice(national.length - shown)}`;
}

/** Keeps the first letter of a name. */
export function maskName(name: string): string {
  const [first = ''] = name;
  return `${first}…`;
}

/** Replaces a text by its length in characters. */
export function maskText(text: string): string {
  return `(${[...text].length} characters)`;
}

function maskListing(listing: Listing): string {
  if (typeof listing === 'string') return maskText(listing);
  const count = Object.keys(listing).length;
  return `(${count} ${count === 1 ? 'value' : 'values'})`;
}

/** Keeps a page's address without query and fragment, which may hold personal data of a visitor. */
function maskPage({ url, title }: Page): Page {
  return {
    ...(url !== undefined && { url: url.replace(/[?#].*$/s, '') }),
    ...(title !== undefined && { title: maskText(title) }),
  };
}

/** A lead as operators see it unless they reveal it: its target in full, the personal data of the consumer masked. */
export type MaskedLead = Pick<
  Lead,
  'reference' | 'target' | 'targetFrom' | 'placementId' | 'consent' | 'page' | 'origin'
> & {
  readonly phone: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly question?: string;
  readonly listing?: string;
};

export function maskLead(lead: Lead): MaskedLead {
  const {
    reference,
    target,
    targetFrom,
    placementId,
    phone,
    firstName,
    lastName,
    question,
    listing,
    consent,
    page,
    origin,
  } = lead;
  return {
    ...(reference !== undefined && { reference }),
    target,
    targetFrom,
    ...(placementId !== undefined && { placementId }),
    phone: maskPhone(phone),
    ...(firstName !== undefined && { firstName: maskName(firstName) }),
    ...(lastName !== undefined && { lastName: maskName(lastName) }),
    ...(question !== undefined && { question: maskText(question) }),
    ...(listing !== undefined && { listing: maskListing(listing) }),
    // The site writes the text of a consent, but it comes with the request, so a requester may have put personal data there.
    ...(consent && {
      consent: {
        ...(consent.text !== undefined && { text: maskText(consent.text) }),
        ...(consent.version !== undefined && { version: consent.version }),
      },
    }),
    ...(page && { page: maskPage(page) }),
    ...(origin !== undefined && { origin }),
  };
}
