import { type Command, Option } from 'commander';
import type { Rehearsal } from '../../app/rehearsal.ts';
import { loadSettings } from '../../config/load.ts';
import { exampleNumber } from '../../domain/phone-hints.ts';
import type { Partner, Site, TargetRule } from '../../domain/site.ts';
import { defined } from '../../lib/values.ts';
import { type Context, EXIT, type JsonOption, text, UsageError } from '../command.ts';
import { json, table } from '../output.ts';
import { withStoredSite } from '../session.ts';
import { expectedOf, type Step, stepsOf } from './rehearse-steps.ts';
import { parseLead, readInputFile, siteOf } from './render.ts';

type RehearseOptions = JsonOption & {
  readonly site?: string;
  readonly partner?: string;
  readonly origin?: string;
  readonly lead?: string;
  readonly fault?: string;
};

/** `rehearse`: a test lead through everything that a real one of a site would pass, in this process alone. */
export function addRehearseCommand(program: Command, context: Context): void {
  program
    .command('rehearse')
    .description(
      'Sends a test lead through the rules of a site and its account into the simulator, and shows every step.',
    )
    .option('--site <key>', 'the site; may be left out where there is only one', text('site'))
    .option('--partner <id>', 'send it with a key of this partner, and not from a page', text('partner'))
    .option('--origin <origin>', 'the page; by default the first origin of the site', text('origin'))
    .option('--lead <file>', 'a body of POST /conversations instead of the sample; - reads standard input')
    .addOption(
      new Option('--fault <name>', 'what the simulated provider does instead of taking it').argParser(text('fault')),
    )
    .option('--json', 'print JSON of a stable shape')
    .addHelpText('after', HELP)
    .action((options: RehearseOptions) => runRehearsal(context, options));
}

const ALIASES: Readonly<Record<string, string>> = { timeout: 'hang', credentials: 'failure_credentials' };

const HELP = `
It works without a running gateway and beside one: it reads the settings, makes no call, and stores nothing that stays. Form tokens and
proofs of work are not rehearsed. A fault that never answers takes UPSTREAM_TIMEOUT_MS.

Faults, by what is expected of the gateway:
  delivered    slow, bom, spaces, wrong_charset
  rejected     failure_phone, failure_target, failure_400
  credentials  failure_credentials (or credentials), 401
  refused      failure_other, failure_quotes_question, failure_blank, failure_500, 403, 403_failure
  not_sent     429_seconds, 429_date, 503, 503_retry_after, 503_failure
  unknown      hang (or timeout), html_200, html_400, html_500, 204, 302, 500_success, blank, two_status,
               nested_status, wrong_prefix, doctype, deep, deep_64k, huge, truncated_xml, bad_utf8, gzip,
               lower_status, not_xml, no_status, other_status, two_roots, wrong_root, slow_drip, truncated_length,
               reset_before_read, reset_after_read, reset_mid_headers, reset_mid_body, huge_header, bad_chunk, not_http

Exit codes: 0 the outcome is the documented one, 4 the lead is refused or its outcome is another one.`;

async function runRehearsal(context: Context, options: RehearseOptions): Promise<void> {
  const { io } = context;
  // Loaded on demand: it is the whole gateway.
  const { FAULT_NAMES, rehearse } = await import('../../app/rehearsal.ts');
  const fault = options.fault === undefined ? undefined : faultOf(options.fault, FAULT_NAMES);
  const settings = await withStoredSite(loadSettings(io.env), options.site, context.open);
  const site = siteOf(options.site, settings.sites);
  const partner = options.partner === undefined ? undefined : settings.partners.get(options.partner);
  if (options.partner !== undefined && !partner)
    throw new UsageError(`--partner ${options.partner} is not a partner of CONFIG_FILE`);
  const body =
    options.lead === undefined
      ? sampleLead(site, partner)
      : { ...parseLead(await readInputFile(options.lead, io)), site: site.key };
  const origin = options.origin ?? (site.origins === '*' ? 'https://rehearsal.example' : [...site.origins][0]);
  const done = await rehearse(settings, defined({ site, partner, origin, body, fault }));
  const expected = expectedOf(fault, done, settings);
  const steps = stepsOf(done, { site, partner, origin, settings, expected });
  const failed = steps.some(({ result }) => result === 'failed');
  if (options.json) io.out(json(report(done, steps, !failed)));
  else {
    io.out(
      table(
        ['STEP', 'RESULT', 'DETAIL'],
        steps.map(({ step, result, detail }) => [step, result, detail]),
      ),
    );
    if (done.document !== undefined) io.out(`\n${done.document}\n`);
  }
  context.exitCode = failed ? EXIT.different : EXIT.ok;
}

function faultOf(name: string, names: readonly string[]): string {
  const meant = ALIASES[name] ?? name;
  if (names.includes(meant)) return meant;
  throw new UsageError(`--fault ${name} is no fault of the simulator; --help lists them`);
}

/** A lead that the site's rules accept, with a value for each of its fields. */
function sampleLead(site: Site, partner: Partner | undefined): object {
  const { key, country, countries, consentText, consentVersion, defaultTarget } = site;
  const numberOf = countries.has(country) ? country : ([...countries][0] ?? country);
  return defined({
    site: key,
    ...(defaultTarget ? {} : targetFor(site.targets, partner?.targets)),
    consumer: {
      phone: exampleNumber(numberOf) ?? '',
      firstName: 'Ann',
      lastName: "O'Neil",
      question: 'Is the 2019 Civic still available? (rehearsal)',
    },
    listing: { year: '2019', make: 'Honda', model: 'Civic', vin: '2HGFC2F59KH500000' },
    consent: defined({ text: consentText ?? 'I agree to be texted about this car.', version: consentVersion }),
    page: { url: 'https://rehearsal.example/inventory/1', title: '2019 Honda Civic' },
    reference: partner && 'rehearsal',
  });
}

/** The first target that the site and the partner allow; any where both allow all. */
function targetFor(site: TargetRule, partner: TargetRule | undefined): object {
  const first = <T>(...rules: readonly ('*' | ReadonlySet<T>)[]): '*' | T | undefined => {
    const lists = rules.filter((rule) => rule !== '*');
    const [list] = lists;
    return list ? [...list].find((id) => lists.every((other) => other.has(id))) : '*';
  };
  const rules = partner ? [site, partner] : [site];
  const advertiserId = first(...rules.map((rule) => rule.advertiserIds));
  if (advertiserId !== undefined) return { advertiserId: advertiserId === '*' ? '1659' : advertiserId };
  const merchantId = first(...rules.map((rule) => rule.merchantIds));
  return merchantId === undefined ? {} : { merchantId: merchantId === '*' ? 20418 : merchantId };
}

function report(done: Rehearsal, steps: readonly Step[], asDocumented: boolean): object {
  const { answer, document, call, attempt, record, callbacks } = done;
  return defined({
    asDocumented,
    steps,
    document,
    fault: call?.answered,
    outcome: attempt?.answer.outcome,
    status: record?.status,
    answer,
    callbacks,
  });
}
