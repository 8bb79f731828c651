import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import jsonc, { type JSONPath } from 'jsonc-parser';
import { Refusal } from '../domain/refusal.ts';
import { pointerToken } from './validation.ts';

/** Containers within containers; the contract needs three. */
const MAX_DEPTH = 16;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a body strictly: valid UTF-8 (one leading byte order mark is let pass, RFC 8259 section 8.1), valid JSON, no key
 * twice in one object however it is escaped, no more than 16 levels.
 * @throws Refusal `invalid_json`; it tells the place and never quotes the body
 */
export function parseJson(body: Buffer): unknown {
  if (body.length === 0) throw invalid('Is empty; send one JSON object.');
  const text = decode(body);
  const value = parsed(text);
  // A text that is written as `JSON.stringify` writes the value, as pages do, has no key twice.
  if (value !== undefined && isWithinDepth(value, MAX_DEPTH) && JSON.stringify(value) === text) return value;
  const firstError = checkStructure(text);
  if (value === undefined) throw invalid(`Is not JSON: ${placeOf(firstError, text)}.`);
  return value;
}

/** `undefined` for a text that is not JSON. V8's own message would quote the text, and often names no place. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether a parsed value has at most so many containers within containers. */
function isWithinDepth(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((part) => isWithinDepth(part, levels - 1));
}

function decode(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch {
    throw invalid('Is not valid UTF-8.');
  }
}

function placeOf(offset: number | undefined, text: string): string {
  if (offset === undefined) return 'the text breaks its rules';
  return offset >= text.trimEnd().length ? 'it ends too early' : `wrong at character ${offset + 1}`;
}

/**
 * Refuses a text, JSON or not, in which an object has a key twice or containers are nested too deeply. `JSON.parse` accepts both.
 * The visitor is recursive; refusing at the depth limit also bounds its stack.
 *
 * @returns the offset of the first syntax error that the visitor reports
 */
function checkStructure(text: string): number | undefined {
  let firstError: number | undefined;
  /** The keys seen so far of each open container, outermost first; a list has none. */
  const open: Set<string>[] = [];
  const begin = (_offset: number, _length: number, _line: number, _column: number, path: () => JSONPath) => {
    if (open.length === MAX_DEPTH) throw invalid(`Is nested deeper than ${MAX_DEPTH} levels.`, path());
    open.push(new Set());
  };
  const end = () => {
    open.pop();
  };
  jsonc.visit(
    text,
    {
      onObjectBegin: begin,
      onArrayBegin: begin,
      onObjectEnd: end,
      onArrayEnd: end,
      onObjectProperty(key, _offset, _length, _line, _column, path) {
        // After a syntax error the parser only guesses which texts are keys.
        if (firstError !== undefined) return;
        const keys = open.at(-1);
        if (keys?.has(key)) throw invalid('Comes twice in one object; send it once.', [...path(), key]);
        keys?.add(key);
      },
      onError(_error, offset) {
        firstError ??= offset;
      },
    },
    { disallowComments: true },
  );
  return firstError;
}

/** @param path to the place, outermost name first; empty for the body as a whole */
function invalid(detail: string, path: JSONPath = []): Refusal {
  const pointer = path.map((part) => `/${pointerToken(String(part))}`).join('');
  return new Refusal('invalid_json', detail, { pointer });
}

/**
 * Refuses a body that is not of `type`, in plain UTF-8, by its headers and before a byte of it is read.
 * @param name of such a body, for the refusal
 * @throws Refusal `unsupported_media_type`
 */
export function requireBodyType(
  type: string,
  name: string,
  headers: { readonly 'content-type'?: string | undefined; readonly 'content-encoding'?: string | undefined },
): void {
  const { 'content-type': contentType, 'content-encoding': encoding } = headers;
  if (contentType === undefined) throw unsupported(`has no Content-Type; send ${type}.`);
  const [given = '', ...parameters] = contentType.split(';');
  if (given.trim().toLowerCase() !== type) throw unsupported(`is not ${type}, and nothing else is taken here.`);
  for (const parameter of parameters) {
    const [key = '', value = ''] = parameter.split('=', 2);
    if (key.trim().toLowerCase() === 'charset' && !/^\s*("?)utf-?8\1\s*$/i.test(value)) {
      throw unsupported(`is in another charset; send ${name} in UTF-8.`);
    }
  }
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') {
    throw unsupported('has a Content-Encoding; send the body as it is.');
  }
}

function unsupported(detail: string): Refusal {
  return new Refusal('unsupported_media_type', `The body ${detail}`);
}

/** Takes bodies of JSON alone, each read by `parseJson`. Routes that take forms add parsers of their own. */
export function readBodiesAsJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
    parseJson(body),
  );
}

/** How long an early answer waits for the client to finish sending. */
const DRAIN_WAIT_MS = 250;

/**
 * Discards the rest of a body before an early answer. Many clients read no answer until they have written their request, and
 * closing a connection with unread bytes resets it: they would see the reset instead of the 413.
 */
export function drainBeforeAnswer(app: FastifyInstance): void {
  app.addHook('onSend', ({ raw, headers }, _reply, _payload, done) => {
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0;
    if (hasBody && !raw.readableEnded && !raw.destroyed) drain(raw).then(() => done(), done);
    else done();
  });
}

async function drain(body: IncomingMessage): Promise<void> {
  const timeout = AbortSignal.timeout(DRAIN_WAIT_MS);
  body.resume();
  // Rejects when the wait ends or the client disconnects. The answer is sent in either case.
  await once(body, 'end', { signal: timeout }).catch(() => undefined);
}
