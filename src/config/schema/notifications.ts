import type { XStatic } from 'typebox/schema';
import { CONDITION_KINDS } from '../../domain/notification.ts';
import { DEFAULT_NOTIFICATIONS } from '../defaults.ts';
import { choice, integer, named, secretFile } from './values.ts';

/** A URL that outgoing messages are posted to. */
export const ReceiverUrl = {
  type: 'string',
  description: 'URL that messages are posted to: https, or http to a host of allowPrivateHosts.',
  maxLength: 2048,
  format: 'receiver-url',
  errorMessage: 'use an absolute https URL',
  examples: ['https://hooks.example/services/T0/B0/x'],
} as const;

export const WebhookSecret = {
  type: 'string',
  description: 'Secret of the signature (Standard Webhooks). Left out: messages are not signed.',
  maxLength: 128,
  format: 'webhook-secret',
  errorMessage: 'use whsec_ and 24 to 64 bytes in base64',
  examples: [`whsec_${Buffer.from('an example, which is no secret').toString('base64')}`],
} as const;

/** The secrets of a receiver, each with its twin. */
export const WEBHOOK_SECRETS = {
  secret: WebhookSecret,
  secretFile: secretFile('File that holds the secret; relative to this one.', '/run/secrets/webhook-secret'),
  previousSecret: {
    ...WebhookSecret,
    description: 'Secret before the present one. During a rotation messages carry a signature of each.',
  },
  previousSecretFile: secretFile('File that holds that secret.', '/run/secrets/webhook-secret-previous'),
} as const;

const time = (description: string, example: string) =>
  ({
    type: 'string',
    description,
    pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$',
    errorMessage: 'use a time from 00:00 to 23:59',
    examples: [example],
  }) as const;

const QuietEntry = {
  type: 'object',
  required: ['from', 'to', 'timeZone'],
  properties: {
    from: time('Beginning, as HH:MM.', '22:00'),
    to: time('End, as HH:MM; earlier than the beginning where it is on the next day.', '07:00'),
    timeZone: {
      type: 'string',
      description: 'IANA name of the time zone.',
      maxLength: 64,
      format: 'time-zone',
      errorMessage: 'use an IANA name such as Europe/Berlin',
      examples: ['America/New_York'],
    },
    urgentPasses: {
      type: 'boolean',
      description: 'Whether urgent messages are sent all the same: leads are not delivered, or cannot be stored.',
      default: true,
      errorMessage: 'use true or false',
      examples: [false],
    },
  },
  additionalProperties: false,
  description: 'Daily time without messages. What still holds afterwards is told then.',
  errorMessage: 'use an object with from, to and timeZone',
  examples: [{ from: '22:00', to: '07:00', timeZone: 'America/New_York' }],
} as const;

const email = (description: string) =>
  ({
    type: 'string',
    description,
    maxLength: 254,
    format: 'email',
    errorMessage: 'use an address such as oncall@example.com',
    examples: ['oncall@example.com'],
  }) as const;

const TargetEntry = {
  type: 'object',
  properties: {
    url: ReceiverUrl,
    urlFile: secretFile('File that holds the URL; chat programs take it as a secret.', '/run/secrets/chat-url'),
    ...WEBHOOK_SECRETS,
    email: {
      type: 'array',
      items: email('One address.'),
      description: 'Addresses that get an e-mail, through the server of smtp.',
      minItems: 1,
      maxItems: 20,
      errorMessage: 'use a list such as ["oncall@example.com"]',
      examples: [['oncall@example.com']],
    },
    conditions: {
      type: 'array',
      items: { enum: CONDITION_KINDS, errorMessage: `use one of ${CONDITION_KINDS.join(', ')}` },
      description: 'What the target is told of. Left out: everything.',
      minItems: 1,
      errorMessage: `use a list of ${CONDITION_KINDS.join(', ')}`,
      examples: [['provider_parked', 'breaker_open', 'storage_failing']],
    },
    quiet: QuietEntry,
  },
  additionalProperties: false,
  description: 'One target: a URL or addresses of e-mail.',
  errorMessage: 'use an object with url, or with email',
} as const;

const SmtpEntry = {
  type: 'object',
  required: ['host', 'from'],
  properties: {
    host: {
      type: 'string',
      description: 'Name of the mail server.',
      maxLength: 253,
      format: 'host',
      errorMessage: 'use a host name',
      examples: ['smtp.example.com'],
    },
    port: integer(1, 65_535, { description: 'Its port.', default: 587, examples: [465] }),
    tls: choice(['starttls', 'implicit', 'none'], {
      description:
        'Encryption: required after STARTTLS, from the first byte (port 465), or none, for a host of allowPrivateHosts.',
      default: 'starttls',
      examples: ['implicit'],
    }),
    user: {
      type: 'string',
      description: 'User name, where the server asks for one.',
      minLength: 1,
      maxLength: 256,
      errorMessage: 'use a text of 1 to 256 characters',
      examples: ['gateway'],
    },
    password: {
      type: 'string',
      description: 'Password of that user. Prefer a separate file to a plain value.',
      minLength: 1,
      maxLength: 256,
      errorMessage: 'use a text of 1 to 256 characters',
      examples: ['the password of the mailbox'],
    },
    passwordFile: secretFile('File that holds the password; relative to this one.', '/run/secrets/smtp-password'),
    from: email('Address that the e-mails come from.'),
  },
  additionalProperties: false,
  description: 'Mail server for the targets with email.',
  errorMessage: 'use an object with host and from',
  examples: [{ host: 'smtp.example.com', user: 'gateway', passwordFile: 'smtp-password', from: 'gateway@example.com' }],
} as const;

const { breakerMinutes, capPercent, remindHours, waiting, waitMinutes } = DEFAULT_NOTIFICATIONS;
const waitingOf = (status: keyof typeof waiting, what: string) =>
  integer(1, 1_000_000, {
    description: `From so many leads on that are ${status}: ${what}.`,
    default: waiting[status],
    examples: [10],
  });

/** `notifications` of the configuration file. */
export const NotificationsEntry = {
  type: 'object',
  required: ['targets'],
  properties: {
    name: {
      type: 'string',
      description: 'Name of this gateway, in the first line of each message.',
      maxLength: 64,
      pattern: '^[^\\u0000-\\u001f\\u007f]*\\S[^\\u0000-\\u001f\\u007f]*$',
      default: DEFAULT_NOTIFICATIONS.name,
      errorMessage: 'use a text of 1 to 64 characters on one line',
      examples: ['production'],
    },
    targets: {
      ...named(TargetEntry),
      minProperties: 1,
      description: 'Who is told, by name.',
      errorMessage: 'use an object of at least one target, by name',
      examples: [{ chat: { urlFile: '/run/secrets/chat-url' } }],
    },
    smtp: SmtpEntry,
    breakerMinutes: integer(1, 1_440, {
      description: 'Minutes that a circuit breaker is open before somebody is told.',
      default: breakerMinutes,
      examples: [10],
    }),
    waitMinutes: integer(1, 1_440, {
      description: 'Minutes that the oldest queued lead waits before somebody is told.',
      default: waitMinutes,
      examples: [30],
    }),
    waiting: {
      type: 'object',
      properties: {
        parked: waitingOf('parked', 'the provider refused them, or their retry schedule is used up'),
        unknown: waitingOf('unknown', 'they may have reached the provider'),
        held: waitingOf('held', 'they are over a cap or suspicious'),
      },
      additionalProperties: false,
      description: 'From how many leads on, that wait for a person, somebody is told.',
      errorMessage: 'use an object such as { "held": 10 }',
      examples: [{ held: 10 }],
    },
    capPercent: integer(1, 100, {
      description: "From this part of a site's daily cap on somebody is told, in percent.",
      default: capPercent,
      examples: [90],
    }),
    remindHours: integer(1, 720, {
      description: 'Hours until a target is told again of what goes on.',
      default: remindHours,
      examples: [4],
    }),
    consoleUrl: {
      type: 'string',
      description: 'Address of the console as operators reach it. Messages then link to the runbook in it.',
      maxLength: 2048,
      format: 'receiver-url',
      errorMessage: 'use an address such as https://gateway.internal/console',
      examples: ['https://gateway.internal/console'],
    },
  },
  additionalProperties: false,
  description: 'Who is told when an operator is needed.',
  errorMessage: 'use an object with targets',
  examples: [{ targets: { chat: { urlFile: '/run/secrets/chat-url' } } }],
} as const;

export type NotificationsContent = XStatic<typeof NotificationsEntry>;

/** `allowPrivateHosts` of the configuration file. */
export const PrivateHosts = {
  type: 'array',
  items: { type: 'string', maxLength: 253, format: 'host', errorMessage: 'use a host name or an IP address' },
  description:
    'Hosts of outgoing messages, as their URLs write them, that may have a private, loopback or link-local address.',
  errorMessage: 'use a list such as ["alerts.internal"]',
  examples: [['alerts.internal', '10.0.0.7']],
} as const;
