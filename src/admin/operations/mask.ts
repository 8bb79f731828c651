import type { Lead, Listing, Page, Phone } from '../../domain/lead.ts';

/** Digits of a number that are shown: enough to recognise the caller on the phone, too few to call. */
const SHOWN = 4;

/** `+1******1212`: the country and the last digits; of a short number fewer. */
export function maskPhone({ callingCode, national }: Phone): string {
  const shown = Math.min(SHOWN, Math.floor(national.length / 2.5));
  return `+${callingCode}${'*'.repeat(national.length - shown)}${national.slice(national.length - shown)}`;
}

/** The first letter of a name. */
export function maskName(name: string): string {
  const [first = ''] = name;
  return `${first}…`;
}

/** How long a text is, in characters. */
export function maskText(text: string): string {
  return `(${[...text].length} characters)`;
}

function maskListing(listing: Listing): string {
  if (typeof listing === 'string') return maskText(listing);
  const count = Object.keys(listing).length;
  return `(${count} ${count === 1 ? 'value' : 'values'})`;
}

/** A page's address without its query and fragment, where sites put what they know of a visitor. */
function maskPage({ url, title }: Page): Page {
  return {
    ...(url !== undefined && { url: url.replace(/[?#].*$/s, '') }),
    ...(title !== undefined && { title: maskText(title) }),
  };
}

/** A lead as operators see it unless they ask to reveal it: who it goes to in full, who sent it only in outline. */
export type MaskedLead = Pick<Lead, 'target' | 'targetFrom' | 'placementId' | 'consent' | 'page' | 'origin'> & {
  readonly phone: string;
  readonly firstName?: string;
  readonly lastName?: string;
  readonly question?: string;
  readonly listing?: string;
};

export function maskLead(lead: Lead): MaskedLead {
  const { target, targetFrom, placementId, phone, firstName, lastName, question, listing, consent, page, origin } =
    lead;
  return {
    target,
    targetFrom,
    ...(placementId !== undefined && { placementId }),
    phone: maskPhone(phone),
    ...(firstName !== undefined && { firstName: maskName(firstName) }),
    ...(lastName !== undefined && { lastName: maskName(lastName) }),
    ...(question !== undefined && { question: maskText(question) }),
    ...(listing !== undefined && { listing: maskListing(listing) }),
    // The text of a consent is the site's; but it comes with the request, so a caller may have written anything there.
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
