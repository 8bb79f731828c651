import type { Receiver } from './receiver.ts';

/** What operators are told of. A condition is a kind, mostly with the name of what it concerns (`provider_parked:default`). */
export const CONDITION_KINDS = [
  'provider_parked',
  'breaker_open',
  'leads_refused',
  'calls_failing',
  'leads_wait',
  'storage_failing',
  'overloaded',
  'settings_refused',
  'limits_local',
  'requests_refused',
  'receiver_failing',
  'leads_parked',
  'leads_unknown',
  'leads_held',
  'site_cap',
  'site_silent',
  'origin_refused',
] as const;

export type ConditionKind = (typeof CONDITION_KINDS)[number];

/** Leads are not delivered, or cannot be stored, until somebody acts. */
export const URGENT: ReadonlySet<ConditionKind> = new Set([
  'provider_parked',
  'breaker_open',
  'leads_refused',
  'calls_failing',
  'leads_wait',
  'storage_failing',
  'overloaded',
]);

/** A daily time in which a target is left alone. It may go over midnight. */
export type QuietTime = {
  /** Minutes since midnight. */
  readonly from: number;
  readonly to: number;
  /** IANA name, such as `Europe/Berlin`. */
  readonly timeZone: string;
  readonly urgentPasses: boolean;
};

/** A target that operators named. */
export type NotificationTarget = {
  readonly name: string;
  readonly receiver: Receiver;
  readonly conditions: ReadonlySet<ConditionKind>;
  readonly quiet?: QuietTime;
};

export type Notifications = {
  /** Name of this gateway in the texts. */
  readonly name: string;
  readonly targets: ReadonlyMap<string, NotificationTarget>;
  /** How long a circuit breaker is open before somebody is told. */
  readonly breakerMinutes: number;
  /** How long the oldest queued lead waits before somebody is told. */
  readonly waitMinutes: number;
  /** From so many waiting leads of a status on somebody is told. */
  readonly waiting: Readonly<Record<'parked' | 'unknown' | 'held', number>>;
  /** From this part of a site's daily cap on somebody is told, in percent. */
  readonly capPercent: number;
  /** How long until a target is told again of a condition that goes on. */
  readonly remindHours: number;
  /** Address of the console for links to the runbook, without a slash at its end. */
  readonly consoleUrl?: string;
};
