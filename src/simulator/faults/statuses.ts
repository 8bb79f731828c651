import { failureOf, HTML, pageOf, SUCCESS } from '../documents.ts';
import { type Call, type Fault, send } from './fault.ts';

const RETRY_AFTER_S = 30;

const page = (status: number, title: string, text: string, headers: Record<string, string> = {}) => {
  const body = pageOf(title, text);
  return (call: Call) => send(call, status, body, { 'content-type': HTML, ...headers });
};

const REQUEST_ERROR = 'The server encountered an error processing the request. See server logs for more details.';
const UNAVAILABLE = page(503, 'Service Unavailable', 'HTTP Error 503. The service is unavailable.');

/** Answers whose HTTP status, or page, speaks instead of the service. */
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
