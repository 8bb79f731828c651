/** The credentials of the provider account that may call. */
export type Credentials = { readonly providerId: number; readonly username: string; readonly password: string };

/** The public demo account. No secret: the simulator listens on loopback and calls no other host. */
export const DEMO_CREDENTIALS: Credentials = { providerId: 1001, username: 'demo', password: 'demo-password' };

export const ORDERS = ['off', 'documented', 'alphabetical'] as const;
export type Order = (typeof ORDERS)[number];

/** The properties of the document that the provider's public reference leaves unstated. Each variant can be simulated. */
export type Rules = {
  /** Local name of the root element. Any other root is answered 400, as WCF does. */
  readonly root: string;
  /** Namespace of root and members, empty for none. Checked only with `namespaceSensitive`. */
  readonly namespace: string;
  /** Silently ignores a member in another namespace, as DataContractSerializer does. */
  readonly namespaceSensitive: boolean;
  /** Silently ignores an element out of this order. `off` accepts any order. */
  readonly order: Order;
  /** Answers 415 to `application/xml`, as a SOAP-hosted endpoint does. */
  readonly textXmlOnly: boolean;
  /** A wire profile that a request has to have exactly; the rules above then have no effect. */
  readonly profile: Profile | null;
};

export const DEFAULT_RULES: Rules = {
  root: 'MobileTextConnectRequest',
  namespace: '',
  namespaceSensitive: false,
  order: 'off',
  textXmlOnly: false,
  profile: null,
};

export type Attributes = { readonly [name: string]: string };

/** An element as a profile writes it. */
export type Written =
  | string
  | {
      readonly name: string;
      readonly value?: string;
      readonly text?: string;
      readonly attributes?: Attributes;
      readonly absent?: string;
      readonly elements?: readonly Written[];
    };

/** A wire profile as the configuration file writes it (docs/wire.md). */
export type Profile = {
  readonly root?: string;
  readonly namespace?: string;
  readonly order?: string;
  readonly attributes?: Attributes;
  readonly elements?: readonly Written[];
  readonly absent?: string;
  readonly wrappers?: readonly { readonly name: string; readonly attributes?: Attributes }[];
  readonly soap?: {
    readonly version: string;
    readonly action?: string;
    readonly prefix?: string;
    readonly header?: readonly Written[];
  };
  readonly contentType?: string;
  readonly listingFormat?: unknown;
};
