import t from 'tap';
import { goodBody, type Overrides, testApp } from './app.ts';
import { exchange, request, type WireAnswer } from './wire.ts';

export type Refused = {
  readonly name: string;
  /** The bytes of the request, in as many writes. */
  readonly send: readonly (string | Buffer)[];
  readonly status: number;
  readonly code: string;
  /** Of the field that must be named; absent where the whole request is at fault. */
  readonly pointer?: string;
};

/** The promised time from a request's last byte to its answer's. Other work on the machine only lengthens it: the shortest try counts. */
const PROMISED_MS = 100;
const TRIES = 25;

/**
 * Sends every request over a real socket and expects its documented refusal: status, code, a complete problem document, the
 * field, in time, with nothing stored. Afterwards a valid request is accepted.
 */
export function refuses(title: string, cases: readonly Refused[], overrides?: Overrides): void {
  t.test(title, async (t) => {
    const { submitted, listen } = await testApp(t, overrides);
    const port = await listen();
    for (const { name, send, status, code, pointer } of cases) {
      await t.test(name, async (t) => {
        let answer = await exchange(port, ...send);
        for (let tries = 1; answer.ms >= PROMISED_MS && tries < TRIES; tries += 1) {
          answer = await exchange(port, ...send);
        }
        t.ok(answer.ms < PROMISED_MS, 'is answered in time');
        t.match(problemOf(answer), { status, code });
        t.equal(answer.status, status);
        t.equal(problemOf(answer).errors?.[0]?.pointer, pointer, 'names the field');
        t.equal(submitted.length, 0, 'nothing is stored');
      });
    }
    const good = await exchange(port, request({ body: JSON.stringify(goodBody()) }));
    t.equal(good.status, 201, 'a good request is taken afterwards');
    t.equal(submitted.length, 1);
  });
}

type ProblemDocument = {
  readonly status: number;
  readonly code: string;
  readonly errors?: readonly { readonly pointer: string }[];
};

/** The problem document of an answer; throws when any of its members is missing or its type is wrong. */
function problemOf({ headers, body }: WireAnswer): ProblemDocument {
  if (!headers['content-type']?.startsWith('application/problem+json')) throw new Error('Not a problem document.');
  const document = JSON.parse(body);
  for (const member of ['type', 'title', 'status', 'detail', 'instance', 'code', 'requestId']) {
    if (document[member] === undefined || document[member] === '') throw new Error(`A problem without ${member}.`);
  }
  if (document.requestId !== headers['x-request-id']) throw new Error('The header names another request.');
  return document;
}

/** A POST of a body to `/conversations`, refused. An object is sent as JSON. */
export function post(
  name: string,
  body: unknown,
  status: number,
  code: string,
  pointer?: string,
  headers: Readonly<Record<string, string>> = {},
): Refused {
  const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return { name, send: [request({ body: bytes, headers })], status, code, ...(pointer !== undefined && { pointer }) };
}

/** A valid lead with these changes. */
export function lead(name: string, changes: Record<string, unknown>, code: string, pointer?: string): Refused {
  const status = code === 'target_not_allowed' || code === 'unknown_site' || code === 'origin_not_allowed' ? 403 : 422;
  return post(name, goodBody(changes), status, code, pointer);
}

/** A valid lead with these changes of its consumer. */
export function consumer(name: string, changes: Record<string, unknown>, code: string, pointer?: string): Refused {
  return lead(name, { consumer: { phone: '(404) 555-1212', ...changes } }, code, pointer);
}
