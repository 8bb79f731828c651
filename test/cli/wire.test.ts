import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { compareDocuments, formatRows } from '../../src/cli/wire/compare.ts';
import { parseXml, type XmlElement } from '../../src/provider/xml.ts';
import { besideRunning, gateway } from '../support/cli/process.ts';
import { ioOf, runInProcess, type Typed, type } from '../support/cli/terminal.ts';
import { startProvider } from '../support/provider.ts';

const sample = (name: string): string => join(import.meta.dirname, '../fixtures/wire', name);

t.test('wire learn prints the settings, what to check, and our document beside the sample', async (t) => {
  const { code, out } = await type(`wire learn ${sample('soap11.txt')}`);
  t.equal(code, 0);
  t.match(out, /^SAMPLE {2}s:Envelope, line 7\n\nFOUND\n {2}root +request\n/);
  t.match(out, /envelope +SOAP 1\.1, action http:\/\/tempuri\.org\/ITextService\/Start\n/);
  t.match(out, /SETTINGS .*variables cannot say this\n {2}"wire": \{\n {4}"soap": \{ "version": "1\.1", "action": /);
  t.match(out, /<a:MerchantId i:nil="true"\/> +<a:MerchantId i:nil="true"\/>\n/);
  t.match(out, /<a:Password>\*{8}<\/a:Password> +<a:Password>\*{8}</);
  t.notMatch(out, /s3cret/);
});

t.test('wire learn prints variables where they are enough', async (t) => {
  const { out } = await type(`wire learn ${sample('datacontract.xml')}`);
  t.match(out, /SETTINGS {2}for the environment or \.env\nUPSTREAM_XML_ROOT=TextRequest\nUPSTREAM_XML_NAMESPACE=http/);
  t.match(out, /\nUPSTREAM_XML_ORDER=alphabetical\n.*\nLISTING_DETAILS_FORMAT=json\n/);
  t.match(out, /COMPARED .*: no difference\n/);
});

t.test('wire learn takes another document, names for elements, and prints JSON', async (t) => {
  const { out } = await type(`wire learn ${sample('asmx-help.txt')} --sample 3 --map InitiateText=constant --json`);
  t.match(JSON.parse(out), { number: 3, wire: { soap: { version: '1.2', prefix: 'soap12' } }, problems: [] });
  t.match(await type(`wire learn ${sample('plain.xml')} --map Phone`), {
    code: 2,
    err: /--map is the name of an element/,
  });
  t.match(await type(`wire learn ${sample('plain.xml')} --sample x`), { code: 2, err: /--sample is the number/ });
  t.match(await type(`wire learn ${sample('plain.xml')} --sample 2`), { code: 1, err: /There is no number 2\.\n$/ });
  t.match(await type('wire learn /nowhere.xml'), { code: 2, err: /cannot be read \(ENOENT\)/ });
});

t.test('a profile that cannot be used is explained, and the exit code is 1', async (t) => {
  const file = join(
    t.testdir({ 'a.xml': '<R><UserName>u</UserName><Phone>4045551212</Phone><DealerId>7</DealerId></R>' }),
    'a.xml',
  );
  const { code, out } = await type(`wire learn ${file}`);
  t.equal(code, 1);
  t.match(
    out,
    /TO SOLVE before the profile can be used\n {2}1\. wire\/elements has no element with the value ProviderId/,
  );
});

const root = (text: string): XmlElement => {
  const parsed = parseXml(text);
  if ('fault' in parsed) throw new Error(parsed.fault);
  return parsed;
};

t.test('documents are compared by what a parser reads', async (t) => {
  const one = root('<a:R xmlns:a="urn:a" a:v="1" w="2"><a:A>1</a:A><a:B>2</a:B><a:C>?</a:C></a:R>');
  const other = root('<R xmlns="urn:a" xmlns:b="urn:a" w="2" b:v="1"><A>1</A><C>3</C><B>4</B></R>');
  const rows = compareDocuments(one, other, new Set());
  t.strictSame(
    rows.map(({ mark }) => mark),
    [' ', ' ', '<', ' ', '>', ' '],
  );
  t.match(compareDocuments(root('<R><A>1</A></R>'), root('<R><A>2</A></R>'), new Set()), [{}, { mark: '~' }, {}]);
  t.match(formatRows(rows), /^SAMPLE +OURS\n<a:R .* {3}<R /);
  t.match(compareDocuments(root('<R><P>x</P></R>'), root('<R><P>y</P></R>'), new Set(['P']))[1], {
    sample: '  <P>********</P>',
    mark: ' ',
  });
});

const LEAD = JSON.stringify({ advertiserId: '1659', consumer: { phone: '(404) 555-1212' } });

/** Types `wire check` with a lead, for the account of these variables. */
function check(
  env: NodeJS.ProcessEnv,
  options: string,
  person: Parameters<typeof ioOf>[0] = {},
  body = LEAD,
): Promise<Typed> {
  const io = { ...ioOf(person), env, readInput: async () => Buffer.from(body) };
  return runInProcess(['wire', 'check', '-', ...options.split(' ').filter(Boolean)], io, () =>
    Promise.reject(new Error()),
  );
}

t.test('wire check sends nothing without both confirmations', async (t) => {
  const { env, simulator } = await startProvider(t);
  t.match(await check(env, ''), { code: 2, out: '', err: /<Password>\*{8}<.*\nNothing was sent\. Add --send/s });
  t.match(await check(env, '--yes'), { code: 2, err: /Add --send/ });
  t.match(await check(env, '--send'), { code: 2, err: /add --yes too, because there is no terminal/ });
  t.match(await check(env, '--send', { answers: 'y' }), {
    code: 2,
    err: /Type the name of the account \(default\).*Nothing was sent\.\n$/s,
  });
  const { totals } = (await (await fetch(simulator.controlUrl)).json()) as { totals: { calls: number } };
  t.equal(totals.calls, 0);
});

t.test('wire check sends one lead and explains the answer', async (t) => {
  const provider = await startProvider(t);
  const { env } = provider;
  t.match(await check(env, '--send', { answers: 'default' }), {
    code: 0,
    out: /^class +delivered\nhttpStatus +200\nlead +delivered\ndurationMs +\d+\nnext +Look at the conversation/,
  });
  t.strictSame(await provider.ofPhone('14045551212'), { received: 1, got: 1 });

  const answers: [fault: string, said: RegExp][] = [
    ['failure_phone', /class +rejected\nreason +phone\ncause +failure_phone\n.*next +The document was read/s],
    ['failure_credentials', /class +credentials\n.*queued; three such answers in a row park the account/s],
    ['failure_other', /class +refused\n.*parked, this lead alone\n.*next +Ask the provider what its text means/s],
    ['503', /class +not_sent\n.*next +The provider takes no lead at the moment/s],
    ['html_400', /class +unknown\n.*httpStatus +400\n.*next +The host could not read the document/s],
    ['302', /class +unknown\n.*next +The host sends the call elsewhere/s],
    ['truncated_xml', /class +unknown\n.*next +The answer is not the one/s],
  ];
  for (const [fault, said] of answers) {
    await provider.next(fault);
    t.match(await check(env, '--send --yes'), { code: 1, out: said }, fault);
  }
  await provider.next('401');
  t.match(JSON.parse((await check(env, '--send --yes --json')).out), { class: 'credentials', httpStatus: 401 });
});

t.test('wire check sends a lead of a site of the store, through its account', async (t) => {
  const provider = await startProvider(t);
  const { UPSTREAM_URL: url, PROVIDER_ID, PROVIDER_USERNAME: username, PROVIDER_PASSWORD: password } = provider.env;
  const env = { ...besideRunning(t).env, ...provider.env };
  const put = (group: string, key: string, content: object) =>
    gateway([group, 'put', key, '-'], env, JSON.stringify(content));
  await put('providers', 'eu', { providerId: Number(PROVIDER_ID), username, password, url });
  const targets = { advertiserIds: ['1659'] };
  await put('sites', 'motors', { name: 'Motors', origins: [], country: 'US', targets, provider: 'eu' });
  const send = (site: string) =>
    gateway(['wire', 'check', '-', '--send', '--yes'], env, JSON.stringify({ ...JSON.parse(LEAD), site }));
  t.match(await send('motors'), { code: 0, err: /^To the account eu at /, out: /^class +delivered\n/ });
  t.strictSame(await provider.ofPhone('14045551212'), { received: 1, got: 1 });
  t.match(await send('other'), { code: 1, err: /\/site is not configured/ });
});

t.test('wire check shows what is wrong with the document', async (t) => {
  const { env, simulator } = await startProvider(t);
  const namespaced = { ...env, UPSTREAM_XML_ORDER: 'alphabetical' };
  await fetch(`${simulator.controlUrl}/rules`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ order: 'documented', textXmlOnly: true }),
  });
  t.match(await check(namespaced, '--send --yes'), { code: 1, out: /httpStatus +415\n.*next +.*Try text\/xml/s });
  const typed = { ...namespaced, UPSTREAM_CONTENT_TYPE: 'text/xml; charset=utf-8' };
  t.match(await check(typed, '--send --yes'), {
    code: 1,
    out: /is required\.\n.*next +The service says that a value is missing/s,
  });
  const away = { ...env, UPSTREAM_URL: 'http://127.0.0.1:1/x' };
  t.match(await check(away, '--send --yes'), {
    code: 1,
    out: /class +not_sent\ncause +refused\n.*next +No connection was possible/s,
  });
});

t.test('wire check needs a real account and a lead that the gateway takes', async (t) => {
  t.match(await check({}, '--send --yes'), { code: 1, err: /bundled simulator, which runs inside the gateway only/ });
  const { env } = await startProvider(t);
  t.match(await check(env, '--send --yes', {}, '{}'), { code: 1, out: '', err: /must have required property/ });
});

t.test('the guide names the options of both commands', async (t) => {
  const guide = readFileSync(new URL('../../docs/wire.md', import.meta.url), 'utf8');
  for (const option of ['--sample', '--map', '--send', '--yes']) t.ok(guide.includes(option), option);
});
