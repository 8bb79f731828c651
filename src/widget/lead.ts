import { cleanCountry, cleanListing, cleanText, type Warn } from './clean.ts';
import type { Dialog } from './dialog.ts';

/** A lead to be sent: its gateway, its idempotency key, and its body without form token and proof. */
export type Lead = {
  readonly base: string;
  /** Idempotency key: the same for every call with the same content. */
  readonly key: string;
  readonly body: Readonly<Record<string, unknown>>;
};

/** Gives 128 random bits. `randomUUID` does not exist on pages on plain http. */
export function newKey(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-');
}

/** Describes the page as evidence for the consent. The fragment of its address never leaves the browser. */
function pageOf({ location, title }: Document, warn: Warn): object | undefined {
  const url = location.href.replace(/#.*/, '');
  if (!/^http/.test(url) || url.length > 2048) return undefined;
  return { url, title: cleanText(title, 256, (message) => warn('/page/title', message)) || undefined };
}

/** The first word of a whole name, and the rest of it. */
function partsOf(name: string): object {
  const [firstName, ...rest] = name.split(/\s+/);
  return { firstName, lastName: rest.join(' ') || undefined };
}

const PLACEMENT_MAX = 2 ** 31 - 1;

/**
 * Builds the body of `POST /conversations`. Members that are undefined are not serialised. What the page's author wrote is cleaned, so
 * that it cannot cost the lead; `warn` tells the author of each change.
 */
export function bodyOf(
  element: Element,
  listing: unknown,
  dialog: Dialog,
  version: string | undefined,
  warn: Warn,
): Lead['body'] {
  const { consent, name, country: chosen, ...values } = dialog.values();
  const attribute = (name: string): string | undefined => element.getAttribute(name)?.trim() || undefined;
  const advertiserId = attribute('advertiser-id');
  const merchant = attribute('merchant-id');
  if (advertiserId && merchant) warn('/merchantId', 'is given beside advertiserId; left out');
  const country = chosen ?? attribute('country');
  const placement = attribute('placement-id');
  const placementId = Number(placement);
  const isPlacement = Number.isInteger(placementId) && placementId > 0 && placementId <= PLACEMENT_MAX;
  if (placement && !isPlacement) warn('/placementId', 'is no whole number; left out');
  return {
    site: attribute('site'),
    advertiserId,
    // A value that is no number is sent unchanged, so that the gateway names the fault: another merchant would be wrong.
    merchantId: advertiserId ? undefined : Number(merchant) || merchant,
    placementId: isPlacement ? placementId : undefined,
    consumer: {
      ...Object.fromEntries(
        Object.entries(name ? { ...values, ...partsOf(name) } : values).map(([name, value]) => [
          name,
          (value && cleanText(value, 1000)) || undefined,
        ]),
      ),
      country: country && cleanCountry(country, warn),
    },
    listing: cleanListing(listing, warn),
    consent: consent
      ? { text: cleanText(consent, 1000, (message) => warn('/consent/text', message)), version }
      : undefined,
    page: pageOf(document, warn),
    trap: dialog.trap() || undefined,
  };
}
