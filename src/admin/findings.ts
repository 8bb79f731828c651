import { CAUSES } from './operations/input.ts';
import type { SendAction } from './operations/selection.ts';
import type { WaitingView } from './operations/views.ts';
import type { SiteNews } from './site-news.ts';

/** One sentence about the state of the gateway, what to do, and the section of docs/operations.md that explains it. */
export type Finding = {
  readonly severity: 'alarm' | 'warning';
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly action: string;
  /** What sends the leads that the sentence is about: a command on the command line, a button in the console. */
  readonly mend?: { readonly action: SendAction; readonly filter: Readonly<Record<string, string>> };
  /** Anchor in docs/operations.md. */
  readonly section: string;
};

/** The command of a finding, after the program's name. The options of a filter have the names of its fields. */
export function commandOf({ action, filter }: NonNullable<Finding['mend']>): string {
  const options = Object.entries(filter).map(
    ([name, value]) => ` --${name} ${/^[\w.-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`}`,
  );
  return `leads ${action}${options.join('')}`;
}

/** Queued leads that were tried and wait are told of from so many on, or from this age on: a few retries are no event. */
const ENOUGH_QUEUED = 5;
const OLD_QUEUED_S = 300;
/** Further groups are in `stats --waiting`, where they are one table. */
const GROUPS_TOLD = 8;

type WaitingFacts = {
  readonly now: number;
  readonly waiting: readonly WaitingView[];
  /** The accounts that are parked, whose leads are told of with them. */
  readonly parked: readonly { readonly id: string }[];
  /** The accounts whose endpoint's breaker is open; their leads are told of with it. */
  readonly unreachable: ReadonlySet<string>;
  /** How most calls ended lately, if most were not answered about the lead: the leads that wait are an alarm then. */
  readonly failing?: string | undefined;
};

/**
 * Says what waits, each group of leads of one account, cause and message in one sentence, with what sends them; the largest group
 * first.
 */
export function waitingFindings(facts: WaitingFacts): Finding[] {
  const parked = new Set(facts.parked.map(({ id }) => id));
  return facts.waiting
    .filter(({ status, cause, provider = '' }) =>
      status === 'queued' ? !parked.has(provider) && !facts.unreachable.has(provider) : cause !== 'provider',
    )
    .filter(({ status, count, message, oldestSeconds = 0 }) =>
      status === 'queued' ? oldestSeconds >= OLD_QUEUED_S || (message !== undefined && count >= ENOUGH_QUEUED) : true,
    )
    .slice(0, GROUPS_TOLD)
    .map((group) => told(group, facts));
}

function told(group: WaitingView, { now, failing }: WaitingFacts): Finding {
  const { status, cause, provider, message, count, oldestSeconds } = group;
  const queued = status === 'queued';
  const refused = queued || cause === 'refused';
  const answers = refused && failing !== undefined ? ` (${failing})` : '';
  const filter = {
    ...(queued ? {} : { status }),
    ...(cause !== undefined && { cause }),
    ...(provider !== undefined && { provider }),
  };
  return {
    severity: queued || (refused && failing !== undefined) ? 'alarm' : 'warning',
    text: `${leads(count)} of the account ${provider}${site(group)} ${state(group)}${says(message)}${answers}.`,
    ...(oldestSeconds !== undefined && { since: now - oldestSeconds * 1_000 }),
    action: action(group),
    mend: { action: queued ? 'retry' : 'release', filter: filter as Readonly<Record<string, string>> },
    section: queued
      ? 'the-provider-is-unreachable'
      : cause === 'refused'
        ? 'the-provider-refuses-every-lead'
        : 'leads-that-wait-for-an-operator',
  };
}

const site = (group: WaitingView): string => (group.site === undefined ? '' : ` at the site ${group.site}`);
const leads = (count: number): string => `${count.toLocaleString('en-US')} ${count === 1 ? 'lead' : 'leads'}`;

function state({ status = '', cause, count }: WaitingView): string {
  const [are, wait] = count === 1 ? ['is', 'waits'] : ['are', 'wait'];
  if (status === 'queued') return `${wait} for the next try`;
  if (status === 'unknown') return `may have reached the provider and ${are} not sent again`;
  if (status === 'parked' && cause === 'refused')
    return `${count === 1 ? 'was' : 'were'} refused and ${wait} for an operator`;
  const why = cause === undefined ? '' : ` (${cause}: ${CAUSES[cause as keyof typeof CAUSES] ?? ''})`;
  return status === 'held' ? `${are} held${why}` : `${wait} for an operator${why}`;
}

/** What the provider answers, after the words about the leads. The store puts a message that it does not show in parentheses. */
export function says(message: string | undefined): string {
  if (message === undefined) return '';
  return message.startsWith('(') ? '; the last answers were different' : `; the provider answers “${message}”`;
}

function action({ status, cause, message }: WaitingView): string {
  if (status === 'queued') {
    const call = message === undefined ? '' : 'Tell the provider what it answers. ';
    return `${call}The gateway tries again by itself. When the provider works, send the leads now:`;
  }
  if (status === 'unknown') return 'Ask the merchant whether the conversations exist. If not, send the leads:';
  if (cause === 'refused')
    return 'Call the provider. If a site names a wrong target, correct it for its new leads: each lead is sent with the target that it came with. When the provider accepts them, send the leads:';
  if (cause === 'schedule')
    return 'The provider was away longer than the retry schedule. When it works, send the leads:';
  if (cause === 'unreadable') return 'Add the missing key to DATA_KEY_PREVIOUS and restart. Then send the leads:';
  if (status === 'held') return 'Look at the leads. Send those that look genuine:';
  return 'Look at the leads, and send them when the cause is mended:';
}

/** Sites that are told one by one; more of them at once have one cause. */
const MOST_SITES = 5;

/** What is to be told of sites that fell silent, and of pages that are refused. */
export function siteFindings(news: SiteNews | undefined): Finding[] {
  if (!news) return [];
  const { silent, refused } = news;
  const pages = new Map(refused.map((one) => [one.site, one]));
  const found = silent.slice(0, MOST_SITES).map(({ site, since, missed }): Finding => {
    const page = pages.get(site);
    pages.delete(site);
    const usual = `The site ${site} sends nothing, and usually sends about ${missed.toLocaleString('en-US')} leads in such a time.`;
    const told = page
      ? {
          text: `${usual} Requests of ${page.origin} are refused.`,
          action: `${admitting(page)} Otherwise look at its page.`,
        }
      : {
          text: usual,
          action: 'Open its page and send a lead: is the button still there, and does it name this gateway?',
        };
    return { severity: 'warning', since, section: 'a-site-fell-silent', ...told };
  });
  if (silent.length > MOST_SITES) {
    found.push({
      severity: 'warning',
      text: `${silent.length - MOST_SITES} more sites fell silent.`,
      action: 'So many at once have one cause: DNS, a certificate, a proxy, or a change of all their pages.',
      section: 'a-site-fell-silent',
    });
  }
  for (const page of [...pages.values()].slice(0, MOST_SITES)) {
    found.push({
      severity: 'warning',
      text: `${page.count.toLocaleString('en-US')} requests of ${page.origin} for the site ${page.site} were refused within a day.`,
      action: `${admitting(page)} Otherwise somebody has copied its snippet.`,
      section: 'a-site-fell-silent',
    });
  }
  return found;
}

/** The change that would admit a page. */
function admitting({ site, origin }: SiteNews['refused'][number]): string {
  return `If that page is the customer's, add "${origin}" to sites.${site}.origins.`;
}
