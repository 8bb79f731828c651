import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Decode, Decoded, Unreadable } from './decode.ts';

/** One POST: where it goes, its media type, and its body, which is sent as UTF-8. */
export type Call = {
  readonly endpoint: Endpoint;
  readonly contentType: string;
  readonly body: string;
  /** Further headers; they replace those of every call. */
  readonly headers?: Readonly<Record<string, string>>;
};

/** An absolute URL in the two parts that undici's dispatcher takes. */
export type Endpoint = { readonly origin: string; readonly path: string };

/** A reply whose status line arrived. Its body may have broken off. */
export type Reply = {
  readonly httpStatus: number;
  readonly retryAfter?: string | undefined;
  readonly body: Decoded | { readonly unreadable: Unreadable | BrokenReply };
};

/**
 * No status line arrived. `written` is false only with proof that no byte of the request left this process; only then
 * is it safe to send the lead again.
 */
export type NoReply = { readonly written: boolean; readonly cause: string };

/** The result of one call. */
export type Exchange = Reply | NoReply;

/** Splits a URL into its origin and its path with the query. Throws `TypeError` for a text that is not an absolute URL. */
export function endpointOf(url: string): Endpoint {
  const { origin, pathname, search } = new URL(url);
  return { origin, path: pathname + search };
}

/**
 * Makes one call within `timeoutMs` milliseconds and gives its result. Never rejects.
 *
 * undici calls `onRequestStart` right before it writes the first byte of a request. A call that ends before that was
 * never sent. After it, only a reply can tell whether the provider received the call.
 */
export function exchange(
  dispatcher: Dispatcher,
  { endpoint, contentType, body, headers }: Call,
  { timeoutMs, decode }: { readonly timeoutMs: number; readonly decode: Decode },
): Promise<Exchange> {
  const { promise, resolve } = Promise.withResolvers<Exchange>();
  const handler = createHandler(decode, (result) => {
    clearTimeout(timer);
    resolve(result);
  });
  // After a process stood still, timers run before the answers that lie ready are read. The turn between lets undici read them.
  const timer = setTimeout(() => setImmediate(() => setImmediate(handler.timeOut)), timeoutMs);
  try {
    dispatcher.dispatch(
      {
        ...endpoint,
        method: 'POST',
        headers: {
          'content-type': contentType,
          accept: 'application/xml',
          'user-agent': 'text-connect-gateway',
          ...headers,
        },
        body,
      },
      handler,
    );
  } catch (error) {
    handler.onResponseError(undefined, error);
  }
  return promise;
}

type ReplyHead = { readonly httpStatus: number; readonly headers: IncomingHttpHeaders };

/** Collects the events of one call. `settle` is called exactly once, with the first result. */
function createHandler(decode: Decode, settle: (result: Exchange) => void) {
  let controller: Dispatcher.DispatchController | undefined;
  let head: ReplyHead | undefined;
  let settled = false;
  const chunks: Buffer[] = [];

  const finish = (result: Exchange): void => {
    if (settled) return;
    settled = true;
    settle(result);
  };
  const finishBroken = (cause: BrokenReply): void => {
    if (head !== undefined) finish(replyOf(head, { unreadable: cause }));
  };

  return {
    timeOut(): void {
      if (settled) return;
      if (controller === undefined) finish({ written: false, cause: 'connect_timeout' });
      else if (head === undefined) finish({ written: true, cause: 'timeout' });
      else finishBroken('timeout');
      controller?.abort(new Error('timed out'));
    },
    onRequestStart(started: Dispatcher.DispatchController): void {
      // The call timed out while it waited for a connection. Aborting here prevents the request from being written.
      if (settled) started.abort(new Error('timed out'));
      controller = started;
    },
    onResponseStart(_controller: unknown, httpStatus: number, headers: IncomingHttpHeaders): void {
      if (httpStatus >= 200) head = { httpStatus, headers };
    },
    onResponseData(_controller: unknown, chunk: Buffer): void {
      chunks.push(chunk);
    },
    onResponseEnd(): void {
      if (head === undefined) return;
      const contentType = headerOf(head, 'content-type');
      const contentEncoding = headerOf(head, 'content-encoding');
      finish(replyOf(head, decode(Buffer.concat(chunks), { contentType, contentEncoding })));
    },
    onResponseError(_controller: unknown, error: unknown): void {
      if (controller === undefined) finish({ written: false, cause: causeBeforeWriting(error) });
      else if (head === undefined) finish({ written: true, cause: causeWithoutReply(error) });
      else finishBroken(causeOfBrokenReply(error));
    },
  };
}

function replyOf(head: ReplyHead, body: Reply['body']): Reply {
  return { httpStatus: head.httpStatus, retryAfter: headerOf(head, 'retry-after'), body };
}

/** A header's value. undici gives a list where the answer has several lines of one name; RFC 9110, section 5.3, joins them. */
function headerOf({ headers }: ReplyHead, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** Why a reply broke off after its status line, as a stable word. */
export type BrokenReply = 'timeout' | 'truncated' | 'too_large' | 'bad_http';

/** Error codes of Node and undici that can only occur before the first byte of a request is written. */
const BEFORE_WRITING: Readonly<Record<string, string>> = {
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  EAI_NODATA: 'dns',
  ECONNREFUSED: 'refused',
  ENETUNREACH: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EHOSTDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ETIMEDOUT: 'connect_timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  EPROTO: 'tls',
  CERT_HAS_EXPIRED: 'tls',
  CERT_NOT_YET_VALID: 'tls',
  CERT_REVOKED: 'tls',
  CERT_UNTRUSTED: 'tls',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls',
  UNABLE_TO_GET_ISSUER_CERT: 'tls',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
};

/** The cause of a request that failed before its first byte was written. An error without an entry is `connect`. */
export function causeBeforeWriting(error: unknown): string {
  const code = codeOf(error);
  return BEFORE_WRITING[code] ?? (/^ERR_(?:TLS|SSL)_/.test(code) ? 'tls' : 'connect');
}

/** The cause of a request that was written, or may have been, and got no status line. */
export function causeWithoutReply(error: unknown): string {
  const cause = causeOfBrokenReply(error);
  return cause === 'truncated' ? 'reset' : cause;
}

/** The cause of a reply that broke off after its status line. */
export function causeOfBrokenReply(error: unknown): BrokenReply {
  const code = codeOf(error);
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT' || code === 'ETIMEDOUT') return 'timeout';
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return 'too_large';
  // Errors of undici's HTTP parser have a name and no code.
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || (error instanceof Error && error.name === 'HTTPParserError')) {
    return 'bad_http';
  }
  return 'truncated';
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
