import type { Dialog } from './dialog.ts';
import type { TextUsListing } from './types.ts';

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
function pageOf({ location, title }: Document): object | undefined {
  const url = location.href.replace(/#.*/, '');
  return /^http/.test(url) && url.length <= 2048 ? { url, title: cut(title, 256) || undefined } : undefined;
}

/** Builds the body of `POST /conversations`. Members that are undefined are not serialised. */
export function bodyOf(
  element: Element,
  listing: TextUsListing | null,
  dialog: Dialog,
  version: string | undefined,
): Lead['body'] {
  const { consent, ...consumer } = dialog.values();
  const attribute = (name: string): string | undefined => element.getAttribute(name) || undefined;
  // A value that is no number is sent unchanged, so that the gateway names the fault.
  const number = (name: string): number | string | undefined => Number(attribute(name)) || attribute(name);
  return {
    site: attribute('site'),
    advertiserId: attribute('advertiser-id'),
    merchantId: number('merchant-id'),
    placementId: number('placement-id'),
    consumer: { ...consumer, country: attribute('country') },
    listing: listing ?? undefined,
    consent: consent ? { text: cut(consent, 1000), version } : undefined,
    page: pageOf(document),
    trap: dialog.trap() || undefined,
  };
}

/** Shortens a text to `max` code points; the gateway refuses a text that is cut inside a code point. */
function cut(text: string, most: number): string {
  return [...text].slice(0, most).join('');
}
