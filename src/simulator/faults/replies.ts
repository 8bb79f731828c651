import { gzipSync } from 'node:zlib';
import { type Call, type Fault, failureOf, HTML, pageOf, responseOf, SUCCESS, SUCCESS_CONTENT, send } from './fault.ts';

const RETRY_AFTER_S = 30;

const page = (status: number, title: string, text: string, headers: Record<string, string> = {}) => {
  const body = pageOf(title, text);
  return (call: Call) => send(call, status, body, { 'content-type': HTML, ...headers });
};

const REQUEST_ERROR = 'The server encountered an error processing the request. See server logs for more details.';
const UNAVAILABLE = page(503, 'Service Unavailable', 'HTTP Error 503. The service is unavailable.');

/** Answers of the host instead of the service: an HTTP status or an HTML page. */
export const STATUS_FAULTS: readonly Fault[] = [
  {
    name: 'html_200',
    line: 20,
    got: false,
    summary: '200 with a login page',
    answer: page(200, 'Sign in', 'Success depends on your signing in.'),
  },
  {
    name: 'html_400',
    line: 21,
    got: false,
    summary: '400 with the host’s error page',
    answer: page(400, 'Request Error', REQUEST_ERROR),
  },
  {
    name: 'html_500',
    line: 22,
    got: false,
    summary: '500 with the host’s error page',
    answer: page(500, 'Runtime Error', REQUEST_ERROR),
  },
  {
    name: '204',
    line: 23,
    got: true,
    summary: '204 No Content',
    answer: ({ response }) => response.writeHead(204).end(),
  },
  {
    name: '302',
    line: 24,
    got: false,
    summary: '302 to a login page',
    answer: page(302, 'Object moved', 'Object moved to here.', { location: '/login' }),
  },
  {
    name: '401',
    line: 25,
    got: false,
    summary: '401 with a page',
    answer: page(401, 'Unauthorized', 'Access is denied.', { 'www-authenticate': 'Basic realm="services"' }),
  },
  {
    name: '403',
    line: 26,
    got: false,
    summary: '403 with a page',
    answer: page(403, 'Forbidden', 'Access is denied.'),
  },
  {
    name: '403_failure',
    line: 27,
    got: false,
    summary: '403 with a readable Failure that names the phone',
    answer: (call) => send(call, 403, failureOf('ConsumerPhoneNumber is not a valid mobile number.')),
  },
  {
    name: '429_seconds',
    line: 28,
    got: false,
    summary: '429 with Retry-After in seconds (30)',
    answer: (call) => send(call, 429, '', { 'retry-after': String(call.retryAfterS ?? RETRY_AFTER_S) }),
  },
  {
    name: '429_date',
    line: 29,
    got: false,
    summary: '429 with Retry-After as a date (in 30 seconds)',
    answer: (call) =>
      send(call, 429, '', {
        'retry-after': new Date(call.now() + (call.retryAfterS ?? RETRY_AFTER_S) * 1_000).toUTCString(),
      }),
  },
  { name: '503', line: 30, got: false, summary: '503 with a page', answer: UNAVAILABLE },
  {
    name: '503_retry_after',
    line: 31,
    got: false,
    summary: '503 with Retry-After in seconds (30)',
    answer: (call) => send(call, 503, '', { 'retry-after': String(call.retryAfterS ?? RETRY_AFTER_S) }),
  },
  {
    name: '500_success',
    line: 32,
    got: true,
    summary: '500 with a Success document',
    answer: (call) => send(call, 500, SUCCESS),
  },
  {
    name: '503_failure',
    line: 33,
    got: false,
    summary: '503 with a readable Failure that names the phone',
    answer: (call) => send(call, 503, failureOf('ConsumerPhoneNumber is not a valid mobile number.')),
  },
];

const withBody = (line: number, name: string, summary: string, body: string | Buffer): Fault => ({
  name,
  line,
  got: true,
  summary,
  answer: (call) => send(call, 200, body),
});

const nested = (levels: number) => responseOf(`${SUCCESS_CONTENT}${'<a>'.repeat(levels)}${'</a>'.repeat(levels)}`);
const FILL = Buffer.alloc(1024 * 1024, 'x');
const ENTITY = '<!DOCTYPE r [<!ENTITY s "Success">]>';

/** The conversation was opened, but the answer's body cannot be trusted or read. */
export const BODY_FAULTS: readonly Fault[] = [
  withBody(40, 'blank', '200 with an empty body', ''),
  withBody(41, 'bom', 'Success behind a byte order mark', `\uFEFF${SUCCESS}`),
  withBody(
    42,
    'two_status',
    'Success and Failure in one document',
    responseOf(`${SUCCESS_CONTENT}<Status>Failure</Status>`),
  ),
  withBody(43, 'nested_status', 'Success one level too deep', responseOf(`<Result>${SUCCESS_CONTENT}</Result>`)),
  withBody(
    44,
    'wrong_prefix',
    'Success with a prefix that is bound to nothing',
    responseOf('<q:Status>Success</q:Status>'),
  ),
  withBody(
    45,
    'doctype',
    'Success as an entity that a DOCTYPE defines',
    `${ENTITY}${responseOf('<Status>&s;</Status>')}`,
  ),
  withBody(46, 'deep', 'Success, then 20,000 levels of elements', nested(20_000)),
  withBody(47, 'deep_64k', 'Success, then as many levels as fit into 64 KiB (9,000)', nested(9_000)),
  {
    name: 'huge',
    line: 48,
    got: true,
    summary: 'Success, then 10 MB of description',
    answer: (call) => {
      const head = Buffer.from('<MobileTextConnectResponse><Status>Success</Status><Description>');
      const tail = Buffer.from('</Description></MobileTextConnectResponse>');
      send(call, 200, Buffer.concat([head, ...Array<Buffer>(10).fill(FILL), tail]));
    },
  },
  withBody(49, 'truncated_xml', 'Success, cut in the middle of the document', SUCCESS.slice(0, -30)),
  withBody(50, 'wrong_charset', 'Success in UTF-16, called UTF-8', Buffer.from(SUCCESS, 'utf16le')),
  withBody(
    51,
    'bad_utf8',
    'Success with a description of broken UTF-8',
    Buffer.from(responseOf('<Status>Success</Status><Description>\u00c3\u0028</Description>'), 'latin1'),
  ),
  withBody(52, 'lower_status', '`success` in lower case', responseOf('<Status>success</Status>')),
  withBody(53, 'spaces', '`Success` between spaces', responseOf('<Status> Success \n</Status>')),
  withBody(54, 'not_xml', 'JSON that says Success, called XML', '{"Status":"Success","Description":null}'),
  withBody(55, 'no_status', 'a document without a Status', responseOf('<Description>Success</Description>')),
  withBody(56, 'other_status', 'an undocumented Status', responseOf('<Status>Pending</Status>')),
  withBody(57, 'two_roots', 'two documents, one after the other', `${SUCCESS}${SUCCESS}`),
  withBody(58, 'wrong_root', 'a lone Status as the root', '<Status>Success</Status>'),
  {
    name: 'gzip',
    line: 59,
    got: true,
    summary: 'Success, compressed without having been asked',
    answer: (call) => send(call, 200, gzipSync(SUCCESS), { 'content-encoding': 'gzip' }),
  },
];
