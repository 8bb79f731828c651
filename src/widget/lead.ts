import type { Dialog } from './dialog.ts';
import type { TextUsListing } from './types.ts';

/** A lead that is to be sent: where, under which key, and the body without what proves a person. */
export type Lead = {
  readonly base: string;
  /** Idempotency key: the same for every try of the same content. */
  readonly key: string;
  readonly body: Readonly<Record<string, unknown>>;
};

/** 128 random bits. Not `randomUUID`, which pages on plain http do not have. */
export function newKey(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-');
}

/** The page as evidence of what the visitor saw. Its fragment never leaves the browser. */
function pageOf({ location, title }: Document): object | undefined {
  const url = location.href.replace(/#.*/, '');
  return /^http/.test(url) && url.length <= 2048 ? { url, title: cut(title, 256) || undefined } : undefined;
}

/** The body of a lead as `POST /conversations` takes it. Undefined members do not become JSON. */
export function bodyOf(
  element: Element,
  listing: TextUsListing | null,
  dialog: Dialog,
  version: string | undefined,
): Lead['body'] {
  const { consent, ...consumer } = dialog.values();
  const attribute = (name: string): string | undefined => element.getAttribute(name) || undefined;
  // What is no number goes as it is, for the gateway to name.
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

/** At most so many code points; a cut in the middle of one would be refused. */
function cut(text: string, most: number): string {
  return [...text].slice(0, most).join('');
}
