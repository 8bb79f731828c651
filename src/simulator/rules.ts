/** Who may call: what the provider handed out when the account was opened. */
export type Credentials = { readonly providerId: number; readonly username: string; readonly password: string };

/** The public demo account. A secret of nobody: the simulator listens on loopback and reaches no one. */
export const DEMO_CREDENTIALS: Credentials = { providerId: 1001, username: 'demo', password: 'demo-password' };

export const ORDERS = ['off', 'documented', 'alphabetical'] as const;
export type Order = (typeof ORDERS)[number];

/** What the provider's public reference leaves unstated about its document, so that each way can be played. */
export type Rules = {
  /** Local name of the root element; another one is a 400, as WCF answers it. */
  readonly root: string;
  /** Namespace of root and members; empty: none. Counts only where `namespaceSensitive`. */
  readonly namespace: string;
  /** A member in another namespace is passed over without a word, as DataContractSerializer does. */
  readonly namespaceSensitive: boolean;
  /** An element that comes out of this order is passed over without a word. `off` takes any order. */
  readonly order: Order;
  /** Answers 415 to `application/xml`, as a SOAP-hosted endpoint does. */
  readonly textXmlOnly: boolean;
};

export const DEFAULT_RULES: Rules = {
  root: 'MobileTextConnectRequest',
  namespace: '',
  namespaceSensitive: false,
  order: 'off',
  textXmlOnly: false,
};
