import type { XStatic } from 'typebox/schema';
import { ReceiverUrl, WEBHOOK_SECRETS } from './notifications.ts';
import { secretFile } from './values.ts';

/** `callbacks` of a partner or a site. */
export const CallbacksEntry = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      url: ReceiverUrl,
      urlFile: secretFile('File that holds the URL; relative to this one.', '/run/secrets/callback-url'),
      ...WEBHOOK_SECRETS,
      secret: { ...WEBHOOK_SECRETS.secret, description: 'Secret of the signature (Standard Webhooks).' },
    },
    additionalProperties: false,
    description: 'One URL.',
    errorMessage: 'use an object with url and secretFile',
  },
  description:
    'URLs that are told of what becomes of the leads (docs/partners.md). A message waits for its place in this list.',
  maxItems: 5,
  errorMessage: 'use a list of objects with url and secretFile',
  examples: [[{ url: 'https://crm.example/hooks/text', secretFile: '/run/secrets/callback-crm' }]],
} as const;

export type CallbacksContent = XStatic<typeof CallbacksEntry>;
