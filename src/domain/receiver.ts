/** Where an outgoing message is sent to, as it is configured now. */
export type Receiver = WebhookReceiver | MailReceiver;

/** A server that takes messages by `POST`. */
export type WebhookReceiver = {
  readonly kind: 'webhook';
  readonly url: string;
  /** Secrets of Standard Webhooks (`whsec_…`): two during a rotation; none for a receiver that checks no signature. */
  readonly secrets: readonly string[];
};

/** People who read e-mail, and the server that takes it. */
export type MailReceiver = {
  readonly kind: 'mail';
  readonly to: readonly string[];
  readonly from: string;
  readonly server: MailServer;
};

/**
 * - `implicit`: TLS from the first byte, usually port 465
 * - `starttls`: TLS before anything else is said, usually port 587; a server without it gets nothing
 * - `none`: no encryption
 */
export type MailTls = 'implicit' | 'starttls' | 'none';

export type MailServer = {
  readonly host: string;
  readonly port: number;
  readonly tls: MailTls;
  readonly user?: string;
  readonly password?: string;
};

/** What is sent. `body` is JSON; e-mail shows its `text`. */
export type SentMessage = { readonly id: string; readonly body: string };

export type SendResult =
  | { readonly kind: 'delivered' }
  | {
      readonly kind: 'failed';
      /** A word of our own, such as `http_500`, `timeout` or `ECONNREFUSED`: never a text of the receiver. */
      readonly failure: string;
      /** How long the receiver asks to be left alone, in milliseconds. */
      readonly retryAfterMs?: number;
    };

/** Sends one message once. It never throws: every fault is a result. */
export interface Sender {
  send(receiver: Receiver, message: SentMessage): Promise<SendResult>;
  close(): Promise<void>;
}

/** The end of one try, or `count` messages that were given up. */
export type SendReport = {
  readonly destination: string;
  readonly result: 'delivered' | 'failed' | 'dropped';
  readonly count: number;
  readonly message?: string;
  readonly attempt?: number;
  readonly failure?: string;
};
