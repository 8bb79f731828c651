/** Types of `<text-us>`. Published as `/widget/v1.d.ts`, so this file imports nothing. */

/**
 * A text of the button. `{when}` in `tooMany` is a time from now, such as "in 2 minutes", `{phone}` in `sentTo` the number,
 * `{listing}` in `heading` the listing, such as "2019 Honda Civic".
 */
export type TextUsText =
  | 'button'
  | 'heading'
  | 'intro'
  | 'phone'
  | 'country'
  | 'firstName'
  | 'lastName'
  | 'name'
  | 'question'
  | 'optional'
  | 'consent'
  | 'rates'
  | 'privacy'
  | 'terms'
  | 'send'
  | 'close'
  | 'cancel'
  | 'sending'
  | 'retrying'
  | 'offline'
  | 'kept'
  | 'delivered'
  | 'deliveredText'
  | 'stored'
  | 'storedText'
  | 'sentTo'
  | 'correct'
  | 'phoneMissing'
  | 'fieldMissing'
  | 'consentMissing'
  | 'phoneWrong'
  | 'countryWrong'
  | 'fieldWrong'
  | 'tooMany'
  | 'failed'
  | 'stopped'
  | 'refused';

/** Texts that replace the button's own; absent texts are not replaced. */
export type TextUsTexts = { readonly [name in TextUsText]?: string };

/** The listing that the visitor looks at: a text, or up to 32 named values. */
export type TextUsListing = string | { readonly [name: string]: string | number | boolean };

export type TextUsField = 'shown' | 'hidden' | 'required';

/** Detail of `text-us:submit`. The event can be cancelled; then nothing is sent. */
export type TextUsSubmit = {
  /** The same for every retry of the same content. */
  readonly key: string;
};

/** Detail of `text-us:success`: the gateway stored the lead. */
export type TextUsSuccess = {
  readonly key: string;
  readonly id: string;
  /** `delivered`, or `queued` for a lead that is stored and not delivered yet. */
  readonly status: string;
  /** Parts of the page's data that were changed or left out so that the lead could be sent, as JSON pointers into the request. */
  readonly errors?: readonly { readonly pointer: string; readonly code: string }[];
};

/** Detail of `text-us:error`. It contains no personal data. */
export type TextUsError = {
  readonly key: string;
  /** The gateway's code, such as `invalid_phone`; `unreachable` without an answer. */
  readonly code: string;
  /** HTTP status of the answer; 0 without an answer. */
  readonly status: number;
  /** Seconds after which to try again, if the gateway gave them. */
  readonly retryAfterS?: number;
  /** Invalid fields, as JSON pointers into the request. */
  readonly errors?: readonly { readonly pointer: string; readonly code: string }[];
};

/** Detail of `text-us:warning`: something for the page's author, also told in the console. */
export type TextUsWarning = {
  /**
   * `page_data`: a value of the page was changed or left out; `not_visible`: the page hides the dialog, so it was not opened;
   * `not_loaded`: the dialog's script could not be loaded.
   */
  readonly code: 'page_data' | 'not_visible' | 'not_loaded';
  readonly message: string;
  /** The value, as a JSON pointer into the request. */
  readonly pointer?: string;
};

export interface TextUsEventMap {
  'text-us:open': CustomEvent<null>;
  'text-us:submit': CustomEvent<TextUsSubmit>;
  'text-us:success': CustomEvent<TextUsSuccess>;
  'text-us:error': CustomEvent<TextUsError>;
  'text-us:warning': CustomEvent<TextUsWarning>;
}

/** Properties that reflect the attribute of the same name in kebab case. */
export interface TextUsProperties {
  /** Public key of the site. */
  site: string;
  advertiserId: string;
  merchantId: string | number;
  placementId: string | number;
  /** ISO 3166-1 alpha-2, for numbers without a calling code; else the site's country. */
  country: string;
  /** Address of the gateway, if another server serves the script. */
  base: string;
  /** `none` shows no button: the page calls `open()`. */
  position: 'inline' | 'floating' | 'none';
  /** `round` shows the icon alone; its text is for screen readers. */
  shape: 'round';
  theme: 'light' | 'dark' | 'auto';
  /** Keeps an unsent message on the device until it is sent. */
  keepOffline: boolean;
  /** Solves proofs in a worker; the page's policy has to allow `worker-src blob:`. */
  worker: boolean;
  /** One field for the whole name, in place of those of its parts. */
  fieldName: TextUsField;
  fieldFirstName: TextUsField;
  fieldLastName: TextUsField;
  fieldQuestion: TextUsField;
  /** For pages that are opened offline, because the gateway cannot tell then whether the site requires the consent. */
  fieldConsent: TextUsField;
}

export interface TextUsElement extends HTMLElement, Partial<TextUsProperties> {
  listing: TextUsListing | null;
  texts: TextUsTexts | null;
  /** Opens the dialog. Resolves once it is shown. */
  open(): Promise<void>;
  /** Closes the dialog. The form keeps its values, and a running submission continues. */
  close(): void;
  addEventListener<K extends keyof TextUsEventMap>(
    type: K,
    listener: (this: TextUsElement, event: TextUsEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener<K extends keyof HTMLElementEventMap>(
    type: K,
    listener: (this: TextUsElement, event: HTMLElementEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof TextUsEventMap>(
    type: K,
    listener: (this: TextUsElement, event: TextUsEventMap[K]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener<K extends keyof HTMLElementEventMap>(
    type: K,
    listener: (this: TextUsElement, event: HTMLElementEventMap[K]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | EventListenerOptions,
  ): void;
}

/** `firstName` as `first-name`. */
type Kebab<S extends string> = S extends `${infer Head}${infer Tail}`
  ? `${Head extends Lowercase<Head> ? '' : '-'}${Lowercase<Head>}${Kebab<Tail>}`
  : '';

/** Attributes of `<text-us>` in markup and JSX. */
export type TextUsAttributes = {
  [name in keyof TextUsProperties as Kebab<name>]?: TextUsProperties[name] extends boolean
    ? boolean | ''
    : TextUsProperties[name];
} & {
  /** A text, or JSON of named values. */
  listing?: string;
  /** JSON of texts by name. */
  texts?: string;
};

declare global {
  interface HTMLElementTagNameMap {
    'text-us': TextUsElement;
  }
}
