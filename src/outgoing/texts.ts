import type { OutgoingMessage } from '../domain/ports/outgoing-queue.ts';
import { type Condition, keyOf } from './conditions.ts';

/** Why a target gets a message: a condition holds, still holds, or is over; or somebody tests the way. */
export type Occasion = 'raised' | 'reminder' | 'cleared' | 'test';

/** The destination of a target's messages in the queue of outgoing messages. */
export const destinationOf = (target: string): string => `notify:${target}`;

/** A message that could not be sent for this long is out of date. */
const LIFETIME_MS = 3 * 86_400_000;

type Text = { readonly title: string; readonly detail: string };

/** What a condition means and what to do, in one line each. */
function describe({ kind, subject, count, origin }: Condition): Text {
  switch (kind) {
    case 'provider_parked':
      return {
        title: `The provider account ${subject} is parked`,
        detail: 'The provider refuses its credentials. Its leads are safe and wait. Correct the password in its file.',
      };
    case 'breaker_open':
      return {
        title: `The provider at ${subject} cannot be reached`,
        detail: 'The circuit breaker is open. Leads are safe and wait. Ask the provider.',
      };
    case 'leads_refused':
      return {
        title: `The provider refuses every lead of the account ${subject}`,
        detail:
          'Its leads are parked. Look at the provider’s description: leads list --cause refused, then leads show.',
      };
    case 'storage_failing':
      return {
        title: `The storage of ${subject} fails`,
        detail: 'New leads are refused with 503. Run the command check, and look at the disk or the database server.',
      };
    case 'overloaded':
      return {
        title: 'The gateway has more to do than it can',
        detail:
          'It answers a part of the requests 503. Buttons and partners send these again; accepted leads flow. Add a replica or a faster machine.',
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
      return `The provider at ${subject} can be reached again`;
    case 'leads_refused':
      return `The provider takes leads of the account ${subject} again; release those that were parked`;
    case 'storage_failing':
      return `The storage of ${subject} works again`;
    case 'overloaded':
      return 'The gateway takes all requests again';
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
  readonly target: string;
  readonly now: number;
};

function textOf(occasion: Exclude<Occasion, 'test'>, condition: Condition, gateway: string): string {
  if (occasion === 'cleared') return `[${gateway}] All clear: ${describeEnd(condition)}.`;
  const { title, detail } = describe(condition);
  const since = condition.since === undefined ? '' : ` since ${new Date(condition.since).toISOString()}`;
  return `[${gateway}] ${occasion === 'reminder' ? 'Reminder: ' : ''}${title}${since}.\n${detail}`;
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
  const { id, gateway, target, now } = context;
  const text =
    occasion === 'test' || !condition
      ? `[${gateway}] This is a test of the notifications to ${target}.`
      : textOf(occasion, condition, gateway);
  const timestamp = new Date(now).toISOString();
  const { kind, subject, since, count, origin } = condition ?? {};
  const data = {
    gateway,
    ...(condition && { key: keyOf(condition), condition: kind }),
    ...(subject !== undefined && { subject }),
    ...(since !== undefined && { since: new Date(since).toISOString() }),
    ...(count !== undefined && { count }),
    ...(origin !== undefined && { origin }),
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
