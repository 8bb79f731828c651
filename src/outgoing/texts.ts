import { causeInWords } from '../domain/calls.ts';
import type { ConditionKind } from '../domain/notification.ts';
import type { OutgoingMessage } from '../domain/ports/outgoing-queue.ts';
import { DAY_MS } from '../lib/clock.ts';
import { type Condition, keyOf } from './conditions.ts';

/** Why a target gets a message: a condition holds, still holds, or is over; or somebody tests the way. */
export type Occasion = 'raised' | 'reminder' | 'cleared' | 'test';

/** The destination of a target's messages in the queue of outgoing messages. */
export const destinationOf = (target: string): string => `notify:${target}`;

/** A message that could not be sent for this long is out of date. */
const LIFETIME_MS = 3 * DAY_MS;

type Text = { readonly title: string; readonly detail: string };

/** The section of docs/operations.md that says what to do. */
export const SECTIONS: Readonly<Record<ConditionKind, string>> = {
  provider_parked: 'the-provider-refuses-our-credentials',
  breaker_open: 'the-provider-is-unreachable',
  leads_refused: 'the-provider-refuses-every-lead',
  calls_failing: 'most-calls-fail',
  leads_wait: 'the-provider-is-unreachable',
  storage_failing: 'the-storage-fails',
  overloaded: 'there-is-too-much-to-do',
  settings_refused: 'the-settings-are-refused',
  limits_local: 'redis-is-unreachable',
  requests_refused: 'requests-are-refused',
  receiver_failing: 'a-receiver-takes-no-messages',
  leads_parked: 'leads-that-wait-for-an-operator',
  leads_unknown: 'leads-that-wait-for-an-operator',
  leads_held: 'leads-that-wait-for-an-operator',
  site_cap: 'a-cap-is-reached',
  site_silent: 'a-site-fell-silent',
  origin_refused: 'requests-are-refused',
};

const RESOURCES: Readonly<Record<string, Text>> = {
  event_loop: {
    title: 'More requests come than the gateway can take',
    detail:
      'It answers a part of them 503. Buttons and partners send these again; accepted leads flow. Add a replica or a faster machine.',
  },
  storage: {
    title: 'Leads come faster than the storage can take them',
    detail:
      'The gateway answers a part of the requests 503. Buttons and partners send these again. Look at the disk or the database server.',
  },
  connections: {
    title: 'The listener has as many connections as it may have',
    detail:
      'The gateway answers a part of the requests 503. Buttons and partners send these again; accepted leads flow. Raise MAX_CONNECTIONS, or end the flood.',
  },
};

/** What a condition means and what to do, in one line each. */
function describe({ kind, subject = '', count, origin, cause, calls }: Condition): Text {
  switch (kind) {
    case 'provider_parked':
      return {
        title: `The provider account ${subject} is parked`,
        detail:
          'The provider refuses its credentials, the account itself, or the document; the command doctor says what it answers. Its leads are safe and wait. Correct the password in its file, or see the runbook.',
      };
    case 'breaker_open':
      return {
        title: `The provider at ${subject} takes no leads`,
        detail: `${cause === undefined ? '' : `The last call failed: ${causeInWords(cause)}. `}The circuit breaker is open. Leads are safe and wait. Ask the provider.`,
      };
    case 'leads_refused':
      return {
        title: `The provider refuses every lead of the account ${subject}`,
        detail:
          'Its leads are parked. Look at the provider’s description: leads list --cause refused, then leads show.',
      };
    case 'calls_failing':
      return {
        title: `Most calls to the provider fail${calls ? `: ${calls.count} of ${calls.calls} of the last 15 minutes ended as ${calls.worst}` : ''}`,
        detail: 'Leads are safe and wait. Run the command doctor: it says which leads, and what the provider answers.',
      };
    case 'leads_wait':
      return {
        title: `The oldest of ${count ?? 'the'} queued leads waits`,
        detail: 'Run the command doctor: it says why. When the provider works, send them: leads retry.',
      };
    case 'storage_failing':
      return {
        title: `The storage of ${subject} fails`,
        detail: 'New leads are refused with 503. Run the command check, and look at the disk or the database server.',
      };
    case 'overloaded':
      return RESOURCES[subject] ?? (RESOURCES.event_loop as Text);
    case 'settings_refused':
      return {
        title: 'The settings on disk have mistakes',
        detail:
          'The previous settings stay in use, and a restart would fail. Run the command check, and correct the file.',
      };
    case 'limits_local':
      return {
        title: 'Redis is unreachable',
        detail: 'Leads flow. Each process counts rate limits alone until Redis is back.',
      };
    case 'requests_refused':
      return {
        title: `More than 50 requests an hour are refused as ${subject}`,
        detail:
          subject === 'invalid_api_key'
            ? 'A partner uses a key that is not in the configuration, or somebody guesses keys. The log lines "request" of this code say more.'
            : 'A page sends a target that its site may not reach. The log lines "request" of this code name the site.',
      };
    case 'receiver_failing':
      return {
        title: `The receiver ${subject} takes no messages`,
        detail: 'Its messages wait for three days at most. The command check shows why; correct its URL, or remove it.',
      };
    case 'leads_parked':
      return {
        title: `Leads are parked${figure(count)}`,
        detail: 'The provider refused them, or their retry schedule is used up. See: leads list --status parked',
      };
    case 'leads_unknown':
      return {
        title: `Leads have an unknown outcome${figure(count)}`,
        detail: 'They may have reached the provider. See: leads list --status unknown',
      };
    case 'leads_held':
      return {
        title: `Leads are held${figure(count)}`,
        detail: 'They are over a cap or suspicious, and are not sent. See: leads list --status held',
      };
    case 'site_cap':
      return {
        title: `The site ${subject} is near its daily cap`,
        detail: `It took ${count ?? 'most of its'} leads today. Leads beyond the cap are held. Raise dailyMax if they are real.`,
      };
    case 'site_silent':
      return {
        title: `The site ${subject} sends nothing`,
        detail: `It usually sends about ${count} leads in such a time. Open its page and send a lead. Run the command doctor.`,
      };
    case 'origin_refused':
      return {
        title: `Requests of ${origin} for the site ${subject} are refused${figure(count)}`,
        detail: `If that page is the customer's, add "${origin}" to sites.${subject}.origins. Otherwise somebody has copied its snippet.`,
      };
  }
}

function figure(count: number | undefined): string {
  return count === undefined ? '' : `: ${count}`;
}

/** What a condition is called when it is over. */
function describeEnd({ kind, subject }: Condition): string {
  switch (kind) {
    case 'provider_parked':
      return `The provider account ${subject} works again; its leads are being sent`;
    case 'breaker_open':
      return `The provider at ${subject} takes leads again`;
    case 'leads_refused':
      return `The provider takes leads of the account ${subject} again; release those that were parked`;
    case 'calls_failing':
      return 'Calls to the provider are answered again';
    case 'leads_wait':
      return 'No queued lead waits for long any more';
    case 'storage_failing':
      return `The storage of ${subject} works again`;
    case 'overloaded':
      return 'The gateway takes all requests again';
    case 'settings_refused':
      return 'The settings on disk are valid';
    case 'limits_local':
      return 'Redis counts rate limits for all processes again';
    case 'requests_refused':
      return `Few requests are refused as ${subject}`;
    case 'receiver_failing':
      return `The receiver ${subject} takes messages again, or has none to take`;
    case 'leads_parked':
      return 'No more parked leads wait for a decision';
    case 'leads_unknown':
      return 'No more leads with an unknown outcome wait for a decision';
    case 'leads_held':
      return 'No more held leads wait for a decision';
    case 'site_cap':
      return `The site ${subject} is no longer near its daily cap`;
    case 'site_silent':
      return `The site ${subject} sends leads again, or is no longer expected to`;
    case 'origin_refused':
      return `No other page's requests for the site ${subject} are refused often`;
  }
}

type Context = {
  readonly id: string;
  /** Name of this gateway. */
  readonly gateway: string;
  /** Address of the console, for links. */
  readonly consoleUrl?: string | undefined;
  readonly target: string;
  readonly now: number;
};

/** Where an operator reads what to do: in the console if its address is known, else in the documentation. */
function runbookOf(kind: ConditionKind, consoleUrl: string | undefined): string {
  return consoleUrl === undefined ? `docs/operations.md#${SECTIONS[kind]}` : `${consoleUrl}/runbook#${SECTIONS[kind]}`;
}

function textOf(
  occasion: Exclude<Occasion, 'test'>,
  condition: Condition,
  { gateway, consoleUrl }: Pick<Context, 'gateway' | 'consoleUrl'>,
): string {
  if (occasion === 'cleared') return `[${gateway}] All clear: ${describeEnd(condition)}.`;
  const { title, detail } = describe(condition);
  const since = condition.since === undefined ? '' : ` since ${new Date(condition.since).toISOString()}`;
  return `[${gateway}] ${occasion === 'reminder' ? 'Reminder: ' : ''}${title}${since}.\n${detail}\nRunbook: ${runbookOf(condition.kind, consoleUrl)}`;
}

/**
 * The message for a target. Its JSON has the members that Standard Webhooks recommend, and `text`, which chat programs show.
 * Every value is a name of the configuration, a number or a time: no personal data.
 */
export function composeMessage(
  occasion: Occasion,
  condition: Condition | undefined,
  context: Context,
): OutgoingMessage {
  const { id, gateway, target, now, consoleUrl } = context;
  const text =
    occasion === 'test' || !condition
      ? `[${gateway}] This is a test of the notifications to ${target}.`
      : textOf(occasion, condition, context);
  const timestamp = new Date(now).toISOString();
  const { kind, subject, since, count, origin, cause, calls } = condition ?? {};
  const data = {
    gateway,
    ...(condition && { key: keyOf(condition), condition: kind }),
    ...(subject !== undefined && { subject }),
    ...(since !== undefined && { since: new Date(since).toISOString() }),
    ...(count !== undefined && { count }),
    ...(origin !== undefined && { origin }),
    ...(cause !== undefined && { cause }),
    ...(calls && { calls: calls.calls, count: calls.count, outcome: calls.worst }),
    ...(kind && { runbook: runbookOf(kind, consoleUrl) }),
  };
  return {
    id,
    destination: destinationOf(target),
    // A target reads of one condition in the order in which it happened.
    ...(condition && { ordering: keyOf(condition) }),
    body: JSON.stringify({ type: `notification.${occasion}`, timestamp, text, data }),
    createdAt: now,
    dueAt: now,
    expiresAt: now + LIFETIME_MS,
  };
}
