import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Exchange } from './classify.ts';
import type { Decode, Unreadable } from './decode.ts';
import { type Broken, causeBeforeWriting, causeOfBreak, causeWithoutReply } from './transport.ts';

/** One POST: its body's media type and the body, sent as UTF-8. */
export type Call = { readonly endpoint: Endpoint; readonly contentType: string; readonly body: string };

/** Where a call goes: an absolute URL in the parts that a dispatcher takes. */
export type Endpoint = { readonly origin: string; readonly path: string };

export function endpointOf(url: string): Endpoint {
  const { origin, pathname, search } = new URL(url);
  return { origin, path: pathname + search };
}

/**
 * Makes one call and tells what came of it, within `timeoutMs`. Never rejects.
 *
 * The dispatcher announces a request to its handler right before it writes the first byte. A call that ends without
 * that announcement was never sent; after it, only an answer can tell whether the call arrived.
 */
export function exchange(
  dispatcher: Dispatcher,
  { endpoint, contentType, body }: Call,
  { timeoutMs, decode }: { readonly timeoutMs: number; readonly decode: Decode },
): Promise<Exchange> {
  const { promise, resolve } = Promise.withResolvers<Exchange>();
  const handler = createHandler(decode, (result) => {
    clearTimeout(timer);
    resolve(result);
  });
  const timer = setTimeout(handler.timeOut, timeoutMs);
  try {
    dispatcher.dispatch(
      {
        ...endpoint,
        method: 'POST',
        headers: { 'content-type': contentType, accept: 'application/xml', 'user-agent': 'text-connect-gateway' },
        body,
      },
      handler,
    );
  } catch (error) {
    handler.onResponseError(undefined, error);
  }
  return promise;
}

type Head = { readonly httpStatus: number; readonly headers: IncomingHttpHeaders };

/** Collects one call's events. `settle` is called once, with the first end that comes. */
function createHandler(decode: Decode, settle: (result: Exchange) => void) {
  let controller: Dispatcher.DispatchController | undefined;
  let head: Head | undefined;
  let over = false;
  const chunks: Buffer[] = [];

  const finish = (result: Exchange): void => {
    if (over) return;
    over = true;
    settle(result);
  };
  const broken = (cause: Unreadable | Broken): void => {
    if (head !== undefined) finish(reply(head, { unreadable: cause }));
  };

  return {
    timeOut(): void {
      if (controller === undefined) finish({ written: false, cause: 'connect_timeout' });
      else if (head === undefined) finish({ written: true, cause: 'timeout' });
      else broken('timeout');
      controller?.abort(new Error('timed out'));
    },
    onRequestStart(started: Dispatcher.DispatchController): void {
      // Given up while it waited for a connection: aborting here keeps it from being written.
      if (over) started.abort(new Error('timed out'));
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
      const { 'content-type': contentType, 'content-encoding': contentEncoding } = head.headers;
      finish(reply(head, decode(Buffer.concat(chunks), { contentType, contentEncoding })));
    },
    onResponseError(_controller: unknown, error: unknown): void {
      if (controller === undefined) finish({ written: false, cause: causeBeforeWriting(error) });
      else if (head === undefined) finish({ written: true, cause: causeWithoutReply(error) });
      else broken(causeOfBreak(error));
    },
  };
}

function reply(head: Head, body: Extract<Exchange, { httpStatus: number }>['body']): Exchange {
  const retryAfter = head.headers['retry-after'];
  return { httpStatus: head.httpStatus, retryAfter, body };
}
