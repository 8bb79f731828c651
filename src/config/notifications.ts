import { CONDITION_KINDS, type Notifications, type NotificationTarget } from '../domain/notification.ts';
import type { MailServer, Receiver, WebhookReceiver } from '../domain/receiver.ts';
import { defined } from '../lib/values.ts';
import { DEFAULT_NOTIFICATIONS } from './defaults.ts';
import type { Findings } from './findings.ts';
import type { FileContent } from './schema/file.ts';
import { type NotificationsContent, NotificationsEntry, ReceiverUrl, WebhookSecret } from './schema/notifications.ts';
import { compile, type Validate } from './schema/validate.ts';
import { readTwin, type SecretFiles } from './twins.ts';

type TargetContent = NotificationsContent['targets'][string];
type SmtpContent = NonNullable<NotificationsContent['smtp']>;

const validators = {
  url: compile(ReceiverUrl),
  secret: compile(WebhookSecret),
  password: compile(NotificationsEntry.properties.smtp.properties.password),
};

/** The receivers by target, with the secrets that were read for them. */
export type FoundReceivers = ReadonlyMap<string, Receiver>;

/** The hosts that may have any address, as URLs write them. */
export function buildPrivateHosts({ allowPrivateHosts = [] }: FileContent): ReadonlySet<string> {
  return new Set(allowPrivateHosts.map((host) => host.toLowerCase()));
}

/** Checks what the schema cannot in `notifications`, and reads the secrets. */
export function checkNotifications(content: FileContent, findings: Findings, files: SecretFiles): FoundReceivers {
  const receivers = new Map<string, Receiver>();
  const { notifications } = content;
  if (notifications === undefined || !findings.sound('/notifications')) return receivers;
  const hosts = findings.sound('/allowPrivateHosts') ? buildPrivateHosts(content) : new Set<string>();
  const server = checkSmtp(notifications.smtp, findings, files, hosts);
  if (!findings.sound('/notifications/targets')) return receivers;
  for (const [name, target] of Object.entries(notifications.targets)) {
    const at = `/notifications/targets/${name}`;
    if (!findings.sound(at)) continue;
    const ways = ['url', 'urlFile', 'email'].filter((way) => way in target);
    if (ways.length === 0 || (ways.length > 1 && 'email' in target)) {
      findings.add(at, {
        problem: ways.length === 0 ? 'names nobody to tell' : 'names both a URL and e-mail',
        fix: 'use url, urlFile or email; a second way is a second target',
      });
      continue;
    }
    const receiver = target.email
      ? mailReceiver(at, target.email, notifications.smtp, server, findings)
      : findWebhook({ at, content: target, findings, files, hosts, signed: false });
    if (receiver) receivers.set(name, receiver);
  }
  return receivers;
}

type WebhookContent = Pick<
  TargetContent,
  'url' | 'urlFile' | 'secret' | 'secretFile' | 'previousSecret' | 'previousSecretFile'
>;

/** The webhook at a pointer, with its URL and secrets from the file or from files of their own. */
export function findWebhook({
  at,
  content,
  findings,
  files,
  hosts,
  signed,
}: {
  readonly at: string;
  readonly content: WebhookContent;
  readonly findings: Findings;
  readonly files: SecretFiles;
  /** Hosts that may have any address. */
  readonly hosts: ReadonlySet<string>;
  /** Whether a secret is required. */
  readonly signed: boolean;
}): WebhookReceiver | undefined {
  const find = (name: 'url' | 'secret' | 'previousSecret', validate: Validate, required: boolean) => {
    const { [name]: written, [`${name}File` as const]: path } = content;
    return readTwin({ at, name, written, path, validate }, findings, files, required);
  };
  const url = find('url', validators.url, true);
  const secret = find('secret', validators.secret, signed);
  const previous = find('previousSecret', validators.secret, false);
  if (previous !== undefined && !signed && content.secret === undefined && content.secretFile === undefined) {
    findings.add(`${at}/previousSecret`, {
      problem: 'is set, and secret is not',
      fix: 'set secret too, to the present one',
    });
  }
  const parsed = url === undefined ? null : URL.parse(url);
  if (url === undefined || parsed === null) return undefined;
  if (parsed.protocol === 'http:' && !hosts.has(parsed.hostname.replace(/^\[|\]$/g, ''))) {
    findings.add(`${at}/${content.url === undefined ? 'urlFile' : 'url'}`, {
      problem: 'is http, and others could read and change what is sent',
      fix: 'use https, or list the host in allowPrivateHosts',
    });
  }
  return { kind: 'webhook', url, secrets: [secret, previous].filter((one) => one !== undefined) };
}

function checkSmtp(
  smtp: SmtpContent | undefined,
  findings: Findings,
  files: SecretFiles,
  hosts: ReadonlySet<string>,
): MailServer | undefined {
  const at = '/notifications/smtp';
  if (smtp === undefined || !findings.sound(at)) return undefined;
  const { host, port = 587, tls = 'starttls', user, password: written, passwordFile: path } = smtp;
  const twin = { at, name: 'password', written, path, validate: validators.password };
  const password = readTwin(twin, findings, files, user !== undefined);
  if (user === undefined && (written ?? path) !== undefined) {
    findings.add(`${at}/user`, {
      problem: 'is missing, and there is a password',
      fix: 'add it, or leave out the password',
    });
  }
  if (tls === 'none' && findings.sound(`${at}/host`) && !hosts.has(host.toLowerCase())) {
    findings.add(`${at}/tls`, {
      problem: 'is none, and others could read the password and the e-mails',
      fix: 'use starttls or implicit, or list the host in allowPrivateHosts',
    });
  }
  return defined({ host, port, tls, user, password });
}

function mailReceiver(
  at: string,
  to: readonly string[],
  smtp: SmtpContent | undefined,
  server: MailServer | undefined,
  findings: Findings,
): Receiver | undefined {
  if (smtp === undefined) {
    findings.add(`${at}/email`, {
      problem: 'needs a mail server',
      fix: 'add smtp with host and from to notifications',
    });
  }
  return smtp && server && { kind: 'mail', to, from: smtp.from, server };
}

/** Builds the notifications of a valid file. */
export function buildNotifications(
  { notifications }: FileContent,
  receivers: FoundReceivers,
): Notifications | undefined {
  if (notifications === undefined) return undefined;
  const { name, targets, breakerMinutes, waitMinutes, waiting, capPercent, remindHours } = notifications;
  const consoleUrl = notifications.consoleUrl?.replace(/\/+$/, '');
  return {
    ...DEFAULT_NOTIFICATIONS,
    ...defined({ name, breakerMinutes, waitMinutes, capPercent, remindHours, consoleUrl }),
    waiting: { ...DEFAULT_NOTIFICATIONS.waiting, ...waiting },
    targets: new Map(
      [...receivers].map(([target, receiver]) => [target, toTarget(target, receiver, targets[target] ?? {})]),
    ),
  };
}

function toTarget(name: string, receiver: Receiver, { conditions, quiet }: TargetContent): NotificationTarget {
  return defined({
    name,
    receiver,
    conditions: new Set(conditions ?? CONDITION_KINDS),
    quiet: quiet && {
      from: minutesOf(quiet.from),
      to: minutesOf(quiet.to),
      timeZone: quiet.timeZone,
      urgentPasses: quiet.urgentPasses ?? true,
    },
  });
}

/** Minutes since midnight of `HH:MM`. */
function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}
