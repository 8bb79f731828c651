import t from 'tap';
import type { Outcome } from '../../src/domain/provider.ts';
import { SOAP_NAMESPACES } from '../../src/domain/wire.ts';
import { classify } from '../../src/provider/classify.ts';
import { createProviderClient } from '../../src/provider/client.ts';
import { decodeAnswer, type SoapFault } from '../../src/provider/decode.ts';
import { lead } from '../support/lead.ts';
import { account, http, NOW, rawServer } from '../support/provider/raw-server.ts';

const decode = (text: string, wrapped = false) => decodeAnswer(Buffer.from(text), { contentType: 'text/xml' }, wrapped);
const RESULT = '<r:Result xmlns:r="urn:r"><r:Description>x</r:Description><r:Status>Failure</r:Status></r:Result>';
const READ = { status: 'Failure', description: 'x' };

/** An envelope of SOAP 1.1 with this body. */
const envelope = (body: string, uri = SOAP_NAMESPACES['1.1']): string =>
  `<s:Envelope xmlns:s="${uri}"><s:Header><Status>Success</Status></s:Header><s:Body>${body}</s:Body></s:Envelope>`;

t.test('the status of an envelope is that of its body, at any depth, in both versions of SOAP', async (t) => {
  for (const uri of Object.values(SOAP_NAMESPACES)) {
    t.strictSame(decode(envelope(RESULT, uri)), READ);
    t.strictSame(decode(envelope(`<Answer xmlns="urn:o">${RESULT}</Answer>`, uri)), READ);
  }
});

t.test('an envelope without exactly one status in exactly one body cannot be read', async (t) => {
  t.strictSame(decode(envelope('')), { unreadable: 'no_status' });
  t.strictSame(decode(envelope(`<A>${RESULT}</A><B>${RESULT}</B>`)), { unreadable: 'two_statuses' });
  t.strictSame(decode(envelope(`<A><Status>Success</Status><B>${RESULT}</B></A>`)), { unreadable: 'two_statuses' });
  t.strictSame(decode(envelope(`<A>${RESULT}</A></s:Body><s:Body>`)), { unreadable: 'no_body' });
  t.strictSame(decode(`<s:Envelope xmlns:s="${SOAP_NAMESPACES['1.1']}"/>`), { unreadable: 'no_body' });
  t.strictSame(decode(envelope(`<A>${RESULT}</A>`, 'urn:other')), { unreadable: 'no_status' });
});

t.test(
  'without an envelope a status below the root counts only where the profile has elements around its own',
  async (t) => {
    const answer = `<Response><Result>${RESULT}</Result></Response>`;
    t.strictSame(decode(answer), { unreadable: 'no_status' });
    t.strictSame(decode(answer, true), READ);
    t.strictSame(decode(`<Response>${RESULT}${RESULT}</Response>`, true), { unreadable: 'two_statuses' });
  },
);

t.test('a fault gives its codes and its text, in both versions of SOAP', async (t) => {
  const first =
    '<s:Fault><faultcode xmlns:a="urn:a">a:ActionNotSupported</faultcode><faultstring xml:lang="en"> No &amp; no </faultstring></s:Fault>';
  t.strictSame(decode(envelope(first)), { fault: { codes: ['ActionNotSupported'], text: 'No & no' } });
  const second =
    '<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:a="urn:a">a:FailedAuthentication</s:Value></s:Subcode></s:Code>' +
    '<s:Reason><s:Text xml:lang="en">No</s:Text></s:Reason></s:Fault>';
  t.strictSame(decode(envelope(second, SOAP_NAMESPACES['1.2'])), {
    fault: { codes: ['Sender', 'FailedAuthentication'], text: 'No' },
  });
  t.strictSame(decode(envelope('<s:Fault/>')), { fault: { codes: [] } });
  t.strictSame(decode(envelope(`<s:Fault/>${RESULT}`)), { unreadable: 'no_body' });
});

const CASES: readonly [what: string, fault: SoapFault, outcome: Outcome, status?: number][] = [
  [
    'an error inside the service',
    { codes: ['InternalServiceFault'], text: 'Invalid phone number' },
    { class: 'unknown', cause: 'fault', description: 'Invalid phone number' },
  ],
  ['no code and no text', { codes: [] }, { class: 'unknown', cause: 'fault' }],
  ['any fault in a 200', { codes: ['Server'] }, { class: 'unknown', cause: 'fault' }, 200],
  [
    'an action that the service does not have',
    { codes: ['ActionNotSupported'], text: 'The password of the message …' },
    { class: 'refused', cause: 'fault_not_processed', description: 'The password of the message …' },
  ],
  [
    'the same, of an ASMX service',
    { codes: ['Client'], text: 'Server did not recognize the value of HTTP Header SOAPAction: urn:x.' },
    {
      class: 'refused',
      cause: 'fault_not_processed',
      description: 'Server did not recognize the value of HTTP Header SOAPAction: urn:x.',
    },
  ],
  [
    'an envelope of the other version',
    { codes: ['VersionMismatch'] },
    { class: 'refused', cause: 'fault_not_processed' },
  ],
  [
    'a document that the service cannot read',
    { codes: ['Sender', 'DeserializationFailed'] },
    { class: 'refused', cause: 'fault_not_processed' },
  ],
  ['a busy server', { codes: ['ServerTooBusy'] }, { class: 'not_sent', cause: 'fault_unavailable' }],
  [
    'a code of WS-Security',
    { codes: ['Sender', 'FailedAuthentication'] },
    { class: 'credentials', cause: 'fault_credentials' },
  ],
  [
    'a text that names the credentials',
    { codes: ['Server'], text: 'Wrong password' },
    { class: 'credentials', cause: 'fault_credentials', description: 'Wrong password' },
  ],
  [
    'a question that is quoted, about passwords',
    { codes: ['Server'], text: 'Bad text: is my password wrong?' },
    { class: 'unknown', cause: 'fault', description: 'Bad text: is my password wrong?' },
  ],
  ['a 401', { codes: ['Server'] }, { class: 'credentials', cause: 'http_401' }, 401],
  ['a 403', { codes: ['Server'] }, { class: 'refused', cause: 'http_403' }, 403],
  [
    'a 403 that names the credentials',
    { codes: ['Server'], text: 'Log in first' },
    { class: 'credentials', cause: 'http_403', description: 'Log in first' },
    403,
  ],
  ['a 503', { codes: ['ActionNotSupported'] }, { class: 'not_sent', cause: 'http_503' }, 503],
];

t.test('a fault is unknown unless it says that no operation got the lead, or names credentials', async (t) => {
  const asked = lead({ question: 'Is my password wrong?' });
  for (const [what, fault, outcome, httpStatus = 500] of CASES) {
    t.strictSame(classify({ httpStatus, body: { fault } }, asked, NOW), outcome, what);
  }
});

t.test('a pattern of the site or account decides about a fault before everything else', async (t) => {
  const pattern = { text: 'dealer closed', words: 'dealer closed', class: 'rejected', reason: 'target' } as const;
  const fault = { codes: ['ActionNotSupported'], text: 'Dealer closed: wrong password' };
  t.match(classify({ httpStatus: 500, body: { fault } }, lead(), NOW, { site: [], account: [pattern] }), {
    class: 'rejected',
    cause: 'pattern_account',
  });
});

t.test('a call of SOAP has the headers of its version, and its answer is read', async (t) => {
  const server = await rawServer(t, http(200, envelope('<R><X><Status>Success</Status></X></R>')));
  for (const version of ['1.1', '1.2'] as const) {
    const contentType = version === '1.1' ? 'text/xml; charset=utf-8' : 'application/soap+xml; charset=utf-8';
    const provider = account({ url: server.url }, { soap: { version, action: 'urn:s/Start' }, contentType });
    const client = createProviderClient({ account: () => provider, timeoutMs: 5_000 });
    t.match(await client.send(lead()), { outcome: { class: 'delivered' } });
    await client.close();
  }
  const [first = '', second = ''] = server.requests;
  t.match(first, /\r\ncontent-type: text\/xml; charset=utf-8\r\naccept: text\/xml\r\n/i);
  t.match(first, /\r\nsoapaction: "urn:s\/Start"\r\n/i);
  t.match(second, /\r\ncontent-type: application\/soap\+xml; charset=utf-8; action="urn:s\/Start"\r\n/i);
  t.notMatch(second, /soapaction/i);
  t.match(first, '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><MobileTextConnectRequest>');
});

t.test('a lead whose target the profile has no element for is not sent', async (t) => {
  const elements = [{ name: 'AdvertiserId', value: 'AdvertiserId' } as const];
  const provider = account({ url: 'http://127.0.0.1:1/' }, { elements });
  const client = createProviderClient({ account: () => provider, timeoutMs: 1_000 });
  t.teardown(() => client.close());
  t.match(await client.send(lead({ target: { merchantId: 7 } })), {
    outcome: { class: 'refused', cause: 'not_encodable' },
    uncalled: true,
  });
});
