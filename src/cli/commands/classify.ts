import type { Command } from 'commander';
import { patternsFor } from '../../config/live.ts';
import { loadSettings } from '../../config/load.ts';
import type { Settings } from '../../config/settings.ts';
import type { Lead } from '../../domain/lead.ts';
import type { Outcome } from '../../domain/provider.ts';
import type { Site } from '../../domain/site.ts';
import { classify, comparedWords, judgeFailure } from '../../provider/classify.ts';
import { stripLeadValues } from '../../provider/lead-values.ts';
import { type Context, type JsonOption, text, UsageError } from '../command.ts';
import { json, pairs } from '../output.ts';
import { withStoredSite } from '../session.ts';
import { leadOf, parseLead, readInputFile, siteOf } from './render.ts';

type ClassifyOptions = JsonOption & { readonly site?: string; readonly lead?: string; readonly httpStatus: number };

/** `classify`: which rule would decide about a description of the provider, without a call. */
export function addClassifyCommand(program: Command, { io, open }: Context): void {
  program
    .command('classify')
    .description('Shows what a Failure with this description means: which rule decides, and what the lead becomes.')
    .argument('<text>', "the provider's description, in quotes; - reads standard input")
    .option('--site <key>', 'the site of the lead; may be left out where there is only one', text('site'))
    .option('--lead <file>', 'a body of POST /conversations, whose own values are removed from the description')
    .option('--http-status <n>', "the answer's HTTP status", httpStatus, 200)
    .option('--json', 'print JSON of a stable shape')
    .addHelpText(
      'after',
      '\nSites, accounts and their failurePatterns come from the environment and CONFIG_FILE. Nothing is sent, stored or changed.\n' +
        'Without --lead the description is read as one about a lead whose values it does not quote and whose target the request named.',
    )
    .action(async (given: string, options: ClassifyOptions) => {
      const own = loadSettings(io.env);
      const description = given === '-' ? new TextDecoder().decode(await readInputFile('-', io)).trim() : given.trim();
      if (description === '') throw new UsageError('The description is empty');
      const request = options.lead === undefined ? undefined : parseLead(await readInputFile(options.lead, io));
      const settings = await withStoredSite(own, options.site ?? request?.site, open);
      const site = siteOf(options.site ?? request?.site, settings.sites);
      const lead = request ? leadOf({ ...request, site: site.key }, settings.sites) : unquotedLead(site);
      const explained = explain(description, lead, options.httpStatus, settings, io.now());
      io.out(options.json ? json(explained) : pairs(Object.entries(explained)));
    });
}

/** Explains the outcome of a Failure with this description, as the gateway itself would decide it. */
function explain(description: string, lead: Lead, status: number, settings: Settings, now: number) {
  const patterns = patternsFor(settings, lead);
  const body = { status: 'Failure', description } as const;
  const outcome = classify({ httpStatus: status, body }, lead, now, patterns);
  const verdict = judgeFailure(description, lead, patterns);
  const byStatus = 'cause' in outcome && outcome.cause.startsWith('http_');
  return {
    rule: byStatus ? `HTTP status ${status}` : RULES[verdict.rule](lead),
    pattern: byStatus || verdict.rule === 'built_in' ? undefined : verdict.pattern.text,
    class: outcome.class,
    reason: outcome.class === 'rejected' ? outcome.reason : undefined,
    lead: becomes(outcome, settings.sites.get(lead.site)?.unknownOutcome ?? settings.retry.unknown),
    compared: comparedWords(stripLeadValues(description, lead)),
  };
}

const RULES = {
  site: ({ site }: Lead) => `failurePatterns of the site ${site}`,
  account: ({ provider }: Lead) => `failurePatterns of the account ${provider}`,
  built_in: () => 'built-in',
};

/** What becomes of a lead that gets this outcome. */
export function becomes(outcome: Outcome, unknown: 'resend' | 'hold'): string {
  switch (outcome.class) {
    case 'delivered':
      return 'delivered';
    case 'rejected':
      return 'rejected';
    case 'credentials':
      return 'queued; three such answers in a row park the account';
    case 'not_sent':
      return 'queued, and sent again by the retry schedule';
    case 'refused':
      return 'parked, this lead alone';
    case 'unknown':
      return unknown === 'hold' ? 'unknown' : 'queued, and sent again at most UNKNOWN_RESEND_MAX times, then unknown';
  }
}

/** A lead none of whose values can stand in a description. */
function unquotedLead(site: Site): Lead {
  return {
    site: site.key,
    provider: site.provider,
    target: { advertiserId: '' },
    targetFrom: 'caller',
    phone: { e164: '', callingCode: '', national: '' },
  };
}

function httpStatus(value: string): number {
  if (/^[2-5]\d\d$/.test(value)) return Number(value);
  throw new UsageError('--http-status is a number from 200 to 599');
}
