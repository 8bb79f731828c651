import fc from 'fast-check';
import t from 'tap';
import { buildFailurePatterns } from '../../src/config/failure-patterns.ts';
import type { FailurePatternsContent } from '../../src/config/schema/failure-patterns.ts';
import { PATTERN_CLASSES } from '../../src/domain/failure-pattern.ts';
import type { Lead } from '../../src/domain/lead.ts';
import type { Outcome } from '../../src/domain/provider.ts';
import { classify } from '../../src/provider/classify.ts';
import { createProviderClient } from '../../src/provider/client.ts';
import { lead } from '../support/lead.ts';
import { account, failure, ok, rawServer } from '../support/provider/raw-server.ts';

const NOW = Date.UTC(2026, 10, 24, 9);

type Written = { readonly site?: FailurePatternsContent; readonly account?: FailurePatternsContent };

const patterns = ({ site, account }: Written) => ({
  site: buildFailurePatterns(site) ?? [],
  account: buildFailurePatterns(account) ?? [],
});

function outcomeOf(description: string, written: Written, changes: Partial<Lead> = {}, httpStatus = 200): Outcome {
  const body = { status: 'Failure', description } as const;
  return classify({ httpStatus, body }, lead(changes), NOW, patterns(written));
}

const PAUSED = { 'campaign is paused': 'not_sent' } as const;

t.test('a pattern of the site or the account gives its class, and the description is kept', async (t) => {
  const description = 'The campaign is paused.';
  t.match(outcomeOf(description, {}), { class: 'refused', cause: 'failure_other' });
  t.strictSame(outcomeOf(description, { site: PAUSED }), { class: 'not_sent', cause: 'pattern_site', description });
  t.strictSame(outcomeOf(description, { account: PAUSED }), {
    class: 'not_sent',
    cause: 'pattern_account',
    description,
  });
  for (const name of PATTERN_CLASSES) {
    t.match(outcomeOf(description, { site: { 'campaign is paused': name } }), { class: name, description }, name);
  }
});

t.test('a rejection has the reason of its pattern, and "other" where the pattern names none', async (t) => {
  const rejected = { class: 'rejected', reason: 'phone' } as const;
  t.match(outcomeOf('Handset away', { site: { 'handset away': 'rejected' } }), { class: 'rejected', reason: 'other' });
  t.match(outcomeOf('Handset away', { site: { 'handset away': rejected } }), rejected);
});

t.test('a pattern about the target does not reject a lead whose target our own configuration named', async (t) => {
  const site = { 'shop has closed': { class: 'rejected', reason: 'target' } } as const;
  t.match(outcomeOf('The shop has closed', { site }), { class: 'rejected', reason: 'target' });
  t.match(outcomeOf('The shop has closed', { site }, { targetFrom: 'site' }), { class: 'refused' });
});

t.test('the site decides before the account, and both before the built-in rules', async (t) => {
  const text = 'Invalid phone number';
  const site = { 'phone number': 'refused' } as const;
  const account = { 'invalid phone number': 'not_sent' } as const;
  t.match(outcomeOf(text, {}), { class: 'rejected', reason: 'phone' });
  t.match(outcomeOf(text, { account }), { class: 'not_sent', cause: 'pattern_account' });
  t.match(outcomeOf(text, { site, account }), { class: 'refused', cause: 'pattern_site' });
});

t.test('the longest text that matches decides, in whatever order the file has them', async (t) => {
  const short = ['campaign', 'refused'] as const;
  const long = ['campaign is paused', 'not_sent'] as const;
  for (const entries of [
    [short, long],
    [long, short],
  ]) {
    t.match(outcomeOf('Your campaign is paused', { site: Object.fromEntries(entries) }), { class: 'not_sent' });
    t.match(outcomeOf('Your campaign has ended', { site: Object.fromEntries(entries) }), { class: 'refused' });
  }
});

t.test('case, punctuation, white space, sentence ends and compatibility spellings make no difference', async (t) => {
  for (const description of [
    'CAMPAIGN is paused',
    'campaign\r\n  is\tpaused',
    'Error: [campaign-is-paused]!',
    'Campaign is. Paused',
    'Ｃampaign is paused',
  ]) {
    t.match(outcomeOf(description, { site: PAUSED }), { class: 'not_sent' }, description);
  }
  t.match(outcomeOf('campaign is paused', { site: { '"Campaign" --  IS ｐaused!': 'not_sent' } }), {
    class: 'not_sent',
  });
});

t.test('only whole words match, next to each other', async (t) => {
  for (const description of ['Campaign is pausedly', 'A subcampaign is paused', 'Campaign it is paused', 'Paused']) {
    t.match(outcomeOf(description, { site: PAUSED }), { class: 'refused', cause: 'failure_other' }, description);
  }
});

t.test('a value of the lead that the provider quotes matches no pattern', async (t) => {
  const question = 'Why do I read that the campaign is paused?';
  const quoted = `Not routed: "${question}"`;
  t.match(outcomeOf(quoted, { site: PAUSED }), { class: 'not_sent' }, 'the words of nobody');
  t.match(outcomeOf(quoted, { site: PAUSED }, { question }), { class: 'refused', cause: 'failure_other' });
  t.match(outcomeOf('campaign Ann is paused', { site: PAUSED }, { firstName: 'Ann' }), { class: 'refused' });
});

t.test('the status decides about a 401, 429 and 503, and a 403 rejects no lead', async (t) => {
  const site = { 'campaign is paused': 'rejected' } as const;
  const at = (status: number, written: Written = { site }) =>
    outcomeOf('Campaign is paused', written, {}, status).class;
  t.equal(at(401), 'credentials');
  t.equal(at(429), 'not_sent');
  t.equal(at(503), 'not_sent');
  t.equal(at(403), 'refused');
  t.equal(at(403, { site: { 'campaign is paused': 'credentials' } }), 'credentials');
  for (const status of [200, 302, 400, 404, 500]) t.equal(at(status), 'rejected', `${status}`);
});

t.test('no pattern changes a Success, an unreadable answer or a missing one', async (t) => {
  const text = fc.constantFrom('success', 'http', 'timeout', 'campaign is paused', 'not xml');
  const written = fc.dictionary(text, fc.constantFrom(...PATTERN_CLASSES), { minKeys: 1 });
  const exchange = fc.oneof(
    fc.record({
      httpStatus: fc.integer({ min: 200, max: 599 }),
      body: fc.constantFrom(
        { status: 'Success' } as const,
        { status: 'Success', description: 'campaign is paused' } as const,
        { status: 'Failure' } as const,
        { unreadable: 'not_xml' } as const,
      ),
    }),
    fc.record({ written: fc.boolean(), cause: fc.constant('timeout') }),
  );
  fc.assert(
    fc.property(exchange, written, (one, site) => {
      const without = classify(one, lead(), NOW);
      t.strictSame(classify(one, lead(), NOW, patterns({ site, account: site })), without, { diagnostic: true });
    }),
    { numRuns: 300 },
  );
});

t.test('each answer is read with the patterns as they are configured when it arrives', async (t) => {
  const { url } = await rawServer(t, ok(failure('The campaign is paused')));
  const configured: Written[] = [{}, { site: PAUSED }];
  const client = createProviderClient({
    account: () => account({ url }),
    patterns: () => patterns(configured.shift() ?? {}),
    timeoutMs: 10_000,
  });
  t.teardown(() => client.close());
  t.equal((await client.send(lead())).outcome.class, 'refused');
  t.equal((await client.send(lead())).outcome.class, 'not_sent');
});

t.test(
  'a hundred patterns are compared with the longest description in less than 100 ms of processor time',
  async (t) => {
    const site = Object.fromEntries(
      Array.from({ length: 100 }, (_, n) => [`${'a b '.repeat(48)}${n} x`, 'refused' as const]),
    );
    const all = patterns({ site, account: site });
    const body = { status: 'Failure', description: 'a b '.repeat(500) } as const;
    const { user } = process.cpuUsage();
    t.match(classify({ httpStatus: 200, body }, lead(), NOW, all), { cause: 'failure_other' });
    const spentMs = (process.cpuUsage().user - user) / 1000;
    t.ok(spentMs < 100, `${Math.round(spentMs)} ms`);
  },
);
