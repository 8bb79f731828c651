import type { Sender } from '../domain/receiver.ts';
import type { WebhookSender } from './webhook.ts';

type Parts = {
  /** Whether the configuration allows a host, by its name, to have an address that is not public. */
  readonly allowed: (host: string) => boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** Sends to receivers of each kind. The libraries of a kind are loaded at its first message. */
export function createSender({ allowed, now }: Parts): Sender {
  let webhooks: Promise<WebhookSender> | undefined;
  return {
    async send(receiver, message) {
      if (receiver.kind === 'mail') {
        const { sendMail } = await import('./mail.ts');
        return sendMail(receiver, message, allowed);
      }
      webhooks ??= import('./webhook.ts').then(({ createWebhookSender }) => createWebhookSender(allowed, now));
      return (await webhooks).send(receiver, message);
    },
    async close() {
      await (await webhooks)?.close();
    },
  };
}
