import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import parsePhoneNumber from 'libphonenumber-js/max';
import t from 'tap';
import { FAULTS, faultNamed, nationalOf } from '../../src/simulator/faults/table.ts';
import { createPlan } from '../../src/simulator/plan.ts';
import {
  call,
  control,
  documentOf,
  eventsOf,
  LEAD,
  messagesOf,
  type Reply,
  simulatorFor,
  totalsOf,
} from '../support/simulator/harness.ts';

const NOW = Date.UTC(2026, 10, 24, 9);
const text = (reply: Reply) => reply.body.toString();

/** What the client gets: a status, an error code of the connection, and a check of the rest. */
type Expected = { status?: number; failure?: RegExp; also?: (reply: Reply) => boolean };

const success: Expected = { status: 200, also: (reply) => text(reply).includes('<Status>Success</Status><Desc') };
const failure = (description: RegExp, status = 200): Expected => ({
  status,
  also: (reply) => text(reply).includes('<Status>Failure</Status>') && description.test(text(reply)),
});
const page = (status: number): Expected => ({
  status,
  also: (reply) => String(reply.headers['content-type']).startsWith('text/html') && text(reply).includes('<html'),
});
const body = (pattern: RegExp): Expected => ({ status: 200, also: (reply) => pattern.test(text(reply)) });
const RESET = /^ECONNRESET$/;

const ANSWERS: Record<string, Expected> = {
  delivered: success,
  slow: success,
  failure_phone: failure(/ConsumerPhoneNumber is not/),
  failure_target: failure(/AdvertiserId/),
  failure_credentials: failure(/Invalid provider credentials/),
  failure_other: failure(/Object reference/),
  failure_quotes_question: failure(/"Is it still available\?"/),
  failure_blank: failure(/<Description i:nil="true"\/>/),
  failure_400: failure(/ConsumerPhoneNumber is not/, 400),
  failure_500: failure(/unexpected error/, 500),
  html_200: page(200),
  html_400: page(400),
  html_500: page(500),
  '204': { status: 204, also: (reply) => reply.body.length === 0 },
  '302': { status: 302, also: (reply) => reply.headers.location === '/login' },
  '401': { status: 401, also: (reply) => 'www-authenticate' in reply.headers },
  '403': page(403),
  '403_failure': failure(/ConsumerPhoneNumber/, 403),
  '429_seconds': { status: 429, also: (reply) => reply.headers['retry-after'] === '30' },
  '429_date': { status: 429, also: (reply) => reply.headers['retry-after'] === 'Tue, 24 Nov 2026 09:00:30 GMT' },
  '503': page(503),
  '503_retry_after': { status: 503, also: (reply) => reply.headers['retry-after'] === '30' },
  '500_success': { status: 500, also: (reply) => text(reply).includes('<Status>Success</Status>') },
  '503_failure': failure(/ConsumerPhoneNumber/, 503),
  blank: body(/^$/),
  bom: body(/^\uFEFF<MobileTextConnectResponse/),
  two_status: body(/Success<\/Status>.*<Status>Failure/),
  nested_status: body(/<Result><Status>Success/),
  wrong_prefix: body(/<q:Status>Success/),
  doctype: body(/^<!DOCTYPE.*&s;/),
  deep: { status: 200, also: (reply) => text(reply).split('<a>').length === 20_001 },
  deep_64k: { status: 200, also: (reply) => text(reply).includes('<a><a>') && reply.body.length <= 65_536 },
  huge: { status: 200, also: (reply) => reply.body.length > 10_000_000 },
  truncated_xml: body(/Success<(?!.*<\/MobileTextConnectResponse>)/),
  wrong_charset: { status: 200, also: (reply) => reply.body.toString('utf16le').includes('Success') },
  bad_utf8: body(/<Status>Success.*\uFFFD/),
  lower_status: body(/<Status>success</),
  spaces: body(/<Status> Success \n</),
  not_xml: body(/^\{"Status":"Success"/),
  no_status: body(/^(?!.*Status).*Success/),
  other_status: body(/<Status>Pending</),
  two_roots: body(/<\/MobileTextConnectResponse><MobileTextConnectResponse/),
  wrong_root: body(/^<Status>Success<\/Status>$/),
  gzip: { status: 200, also: (reply) => gunzipSync(reply.body).includes('Success') },
  hang: { failure: /^ABORT_ERR$/ },
  slow_drip: success,
  truncated_length: { status: 200, failure: RESET, also: (reply) => reply.body.length > 0 },
  reset_before_read: { failure: RESET },
  reset_after_read: { failure: RESET },
  reset_mid_headers: { failure: RESET },
  reset_mid_body: { status: 200, failure: RESET },
  huge_header: { failure: /^HPE_HEADER_OVERFLOW$/ },
  bad_chunk: { status: 200, failure: /^HPE_INVALID_CHUNK_SIZE$/ },
  not_http: { failure: /^HPE_INVALID_CONSTANT$/ },
};

t.test('this table and the simulator’s table have the same faults', async (t) => {
  t.strictSame(FAULTS.map(({ name }) => name).sort(), Object.keys(ANSWERS).sort());
  t.equal(new Set(FAULTS.map(nationalOf)).size, FAULTS.length, 'no two share a number');
});

t.test('every fault answers as described and is counted as described', async (t) => {
  const simulator = await simulatorFor(t, { now: () => NOW });
  const events = await eventsOf(t, simulator);
  for (const [name, expected] of Object.entries(ANSWERS)) {
    const fault = faultNamed(name);
    if (fault === undefined) continue;
    await control(simulator, 'DELETE', '/control');
    await control(simulator, 'POST', '/control/next', { fault: name, ...(fault.delayMs && { delayMs: 1 }) });
    const over = simulator.over();
    const givenUp = new AbortController();
    const pending = call(simulator.endpoint, documentOf(LEAD), { signal: givenUp.signal });
    if (name === 'hang') {
      for (let fault: unknown; fault !== name; )
        fault = ((await events.next('conversation')).data as { fault: string }).fault;
      givenUp.abort();
    }
    const reply = await pending;

    t.equal(reply.status, expected.status, `${name}: status`);
    t.match(reply.failure ?? 'none', expected.failure ?? /^none$/, `${name}: how it ends`);
    t.ok(expected.also?.(reply) ?? true, `${name}: what is in it`);
    t.match(await over, { answered: name, received: fault.unread !== true });
    const received = fault.unread ? 0 : 1;
    t.match(
      await totalsOf(simulator),
      { calls: 1, received, got: fault.got ? 1 : 0, concurrent: 0, byFault: { [name]: 1 } },
      `${name}: counts`,
    );
    t.match(await messagesOf(simulator), received ? [{ fault: name, got: fault.got }] : [], `${name}: inbox`);
  }
});

t.test('a phone number selects its own fault at each call', async (t) => {
  const simulator = await simulatorFor(t);
  const lead = (phone: string) => documentOf({ ...LEAD, ConsumerPhoneNumber: phone });
  for (const name of ['failure_phone', '503', '500_success', 'two_status']) {
    const fault = faultNamed(name);
    t.ok(fault);
    if (fault === undefined) return;
    await call(simulator.endpoint, lead(nationalOf(fault)));
    await call(simulator.endpoint, lead(nationalOf(fault)));
    t.match(await totalsOf(simulator), { byFault: { [name]: 2 } }, name);
    const { told } = await control(simulator, 'GET', `/control/counts?phone=1${nationalOf(fault)}`);
    t.strictSame(told, { received: 2, got: fault.got ? 2 : 0 }, name);
  }
});

t.test('a reset before reading that is selected by a phone number counts as not received', async (t) => {
  const simulator = await simulatorFor(t);
  const reply = await call(simulator.endpoint, documentOf({ ...LEAD, ConsumerPhoneNumber: '4045552073' }));
  t.equal(reply.failure, 'ECONNRESET');
  t.match(await totalsOf(simulator), { calls: 1, received: 0, got: 0, byFault: { reset_before_read: 1 } });
});

t.test('an unknown target is named by the element that was sent', async (t) => {
  const simulator = await simulatorFor(t);
  await control(simulator, 'POST', '/control/next', { fault: 'failure_target' });
  const reply = await call(simulator.endpoint, documentOf({ ...LEAD, AdvertiserId: undefined, MerchantId: '42' }));
  t.match(text(reply), /<Description>MerchantId /);
});

t.test('Retry-After has the ordered value', async (t) => {
  const simulator = await simulatorFor(t, { now: () => NOW });
  for (const [fault, header] of [
    ['429_seconds', '7'],
    ['429_date', 'Tue, 24 Nov 2026 09:00:07 GMT'],
    ['503_retry_after', '7'],
  ]) {
    await control(simulator, 'POST', '/control/next', { fault, retryAfter: 7 });
    t.equal((await call(simulator.endpoint, documentOf(LEAD))).headers['retry-after'], header);
  }
});

t.test('a refusal takes precedence over a fault that opens a conversation, and not over other faults', async (t) => {
  const simulator = await simulatorFor(t);
  const wrong = documentOf({ ...LEAD, Password: 'wrong' });
  await control(simulator, 'POST', '/control/next', { fault: '500_success' });
  t.match(text(await call(simulator.endpoint, wrong)), 'Invalid provider credentials.');
  await control(simulator, 'POST', '/control/next', { fault: '503' });
  t.equal((await call(simulator.endpoint, wrong)).status, 503);
  t.match(await totalsOf(simulator), { received: 0, got: 0, refused: { 'Invalid provider credentials.': 1 } });
});

const GUIDE = path.join(import.meta.dirname, '../../docs/simulator.md');

t.test('the guide lists every fault with its number and whether it opens a conversation', async (t) => {
  const documented = readFileSync(GUIDE, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| +1 404 555 20'));
  const expected = FAULTS.map(({ name, line, got, summary }) => {
    const number = `+1 404 555 20${String(line).padStart(2, '0')}`;
    return `| ${number} | \`${name}\` | ${got ? 'yes' : 'no'} | ${summary} |`;
  });
  t.strictSame(documented, expected);
});

t.test('each number selects its own fault, is in the order of the table and is a valid number', async (t) => {
  const plan = createPlan();
  for (const fault of FAULTS) {
    t.equal(plan.otherwise(`1${nationalOf(fault)}`).fault, fault, fault.name);
    t.ok(parsePhoneNumber(`+1${nationalOf(fault)}`)?.isValid(), `${fault.name}: a valid number`);
  }
  const lines = FAULTS.map(({ line }) => line);
  t.strictSame(
    lines,
    [...lines].sort((a, b) => a - b),
  );
});
