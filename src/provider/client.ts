import dns, { type LookupAddress, type LookupOptions } from 'node:dns';
import type { Socket } from 'node:net';
import { Agent, buildConnector } from 'undici';
import { type FailurePatterns, NO_PATTERNS } from '../domain/failure-pattern.ts';
import type { Lead } from '../domain/lead.ts';
import type { Provider, ProviderAccount } from '../domain/provider.ts';
import { classify } from './classify.ts';
import { type BodyHeaders, type Decode, type Decoded, decodeAnswer, MAX_ANSWER_BYTES } from './decode.ts';
import { encodeLead, templateOf } from './encode.ts';
import { type Call, type Endpoint, endpointOf, exchange } from './exchange.ts';
import { messageOf } from './lead-values.ts';

/** Upper bound on the sockets to one origin. A lead that waits for a socket until its time is up was never sent. */
const CONNECTIONS_PER_ORIGIN = 256;

/** A host that accepts no connection within this time is down. The rest of the call's time is for the reply. */
const MAX_CONNECT_MS = 5_000;

type Parts = {
  /** Gives the account with this id as it is configured now. Throws where no such account is configured. */
  readonly account: (id: string) => ProviderAccount;
  /** Gives the patterns of a lead's site and account as they are configured now. */
  readonly patterns?: (lead: Lead) => FailurePatterns;
  /** Upper bound on one whole call, from `send` to the last byte of the reply. */
  readonly timeoutMs: number;
  /** Headers of the call that continue a trace. */
  readonly headers?: () => Readonly<Record<string, string>>;
  /** Opens connections instead of the network. */
  readonly connect?: buildConnector.connector;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Milliseconds that never jump. */
  readonly monotonic?: () => number;
};

/**
 * The provider over HTTP: one POST a lead on keep-alive connections. A POST is never repeated and never redirected here,
 * because a call that failed may have arrived, and a second call opens a second conversation in an agent's list.
 */
export function createProviderClient({
  account,
  patterns = () => NO_PATTERNS,
  timeoutMs,
  headers,
  connect,
  now = Date.now,
  monotonic = () => performance.now(),
}: Parts): Provider {
  const agent = new Agent({
    connections: CONNECTIONS_PER_ORIGIN,
    pipelining: 1,
    allowH2: false,
    connect: connectorWithTolerance(
      connect ??
        buildConnector({
          timeout: Math.min(MAX_CONNECT_MS, Math.ceil(timeoutMs / 2)),
          lookup: createSharedLookup(),
          // Whatever NODE_TLS_REJECT_UNAUTHORIZED says: the document holds the credentials.
          rejectUnauthorized: true,
        }),
    ),
    // `exchange` bounds the whole call. These would fire on an answer that lies ready after the process stood still.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: MAX_ANSWER_BYTES,
  });
  const decode = memoizeSuccess(decodeAnswer);
  const decodeWrapped = memoizeSuccess((body, answerHeaders) => decodeAnswer(body, answerHeaders, true));
  const endpointAt = memoizeEndpoints();

  return {
    async send(lead) {
      const started = monotonic();
      const call = prepareCall(lead, account, endpointAt);
      if ('cause' in call) return { outcome: { class: 'refused', cause: call.cause }, durationMs: 0, uncalled: true };
      // Read now: a site of the store may be out of memory when the answer comes.
      const known = patterns(lead);
      const result = await exchange(agent, headers ? { ...call, headers: { ...call.headers, ...headers() } } : call, {
        timeoutMs,
        decode: call.wrapped ? decodeWrapped : decode,
      });
      const outcome = classify(result, lead, now(), known);
      const message = 'description' in outcome ? messageOf(outcome.description, lead) : undefined;
      return {
        outcome,
        ...(message !== undefined && { message }),
        ...('httpStatus' in result ? { httpStatus: result.httpStatus } : {}),
        durationMs: Math.round(monotonic() - started),
      };
    },
    close: () => agent.close(),
  };
}

/**
 * Wraps `decode` so that a Success which arrives again byte for byte is decoded once. A Success says nothing of its lead,
 * so the provider's are all alike, and parsing costs more than any other step of a call. One answer is remembered, and
 * only a Success without a description: an answer that may quote a lead is not kept.
 *
 * @param decode a pure function of the bytes and headers
 */
export function memoizeSuccess(decode: Decode): Decode {
  let last: { readonly body: Uint8Array; readonly headers: BodyHeaders; readonly decoded: Decoded } | undefined;
  return (body, headers) => {
    if (last && haveSameValues(last.headers, headers) && Buffer.compare(last.body, body) === 0) return last.decoded;
    const decoded = decode(body, headers);
    if ('status' in decoded && decoded.status === 'Success' && decoded.description === undefined) {
      last = { body: Buffer.from(body), headers, decoded };
    }
    return decoded;
  };
}

function haveSameValues(one: BodyHeaders, other: BodyHeaders): boolean {
  return one.contentType === other.contentType && one.contentEncoding === other.contentEncoding;
}

/** Parses each URL once. URLs come from the configuration, so there are few of them. */
function memoizeEndpoints(): (url: string) => Endpoint {
  const endpoints = new Map<string, Endpoint>();
  return (url) => {
    const endpoint = endpoints.get(url) ?? endpointOf(url);
    endpoints.set(url, endpoint);
    return endpoint;
  };
}

/** The call for a lead, or the cause why no call is possible. Such a lead needs a person, since a retry would fail alike. */
function prepareCall(
  lead: Lead,
  accountOf: Parts['account'],
  endpointAt: (url: string) => Endpoint,
): (Call & { readonly wrapped: boolean }) | { readonly cause: string } {
  let account: ProviderAccount;
  try {
    account = accountOf(lead.provider);
  } catch {
    return { cause: 'unknown_provider' };
  }
  try {
    const { contentType, headers } = templateOf(account.wire);
    return {
      endpoint: endpointAt(account.url),
      contentType,
      body: encodeLead(lead, account),
      wrapped: account.wire.wrappers !== undefined,
      ...(headers && { headers }),
    };
  } catch {
    return { cause: 'not_encodable' };
  }
}

const STATUS_100 = /^HTTP\/1\.[01] 100[ \r]/;
const STATUS_100_LENGTH = 'HTTP/1.1 100 '.length;
const HEAD_END = '\r\n\r\n';
/** In bytes. A longer head is passed on, and undici's parser decides. */
const MAX_HEAD = 4_096;
/** Blanks between a header's name and its colon: a recipient may drop them from a response (RFC 9112, section 5.1). */
const BLANK_BEFORE_COLON = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]+:/gm;

/**
 * A connector for undici's `Agent` whose sockets mend what old hosts write in front of a response, where undici would end the
 * connection with an error although the lead arrived: `100 Continue` heads, which WCF hosts send unasked (RFC 9110, section
 * 15.2.1, allows it), and blanks before the colon of a header. Needs an agent without pipelining: then each write of a
 * request means that the next bytes read are the start of a response.
 */
export function connectorWithTolerance(connect: buildConnector.connector): buildConnector.connector {
  return (target, callback) =>
    connect(target, (...result) => {
      const [, socket] = result;
      if (socket) mendHeads(socket);
      callback(...result);
    });
}

/** Filters what undici reads from the socket: it uses `socket.read()` and `socket.write()` only. */
function mendHeads(socket: Socket): void {
  const read = socket.read.bind(socket);
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  let atStart = true;
  let pending: Buffer = Buffer.alloc(0);

  socket.write = ((...args: unknown[]) => {
    atStart = true;
    return write(...args);
  }) as Socket['write'];
  socket.read = (size?: number): unknown => {
    for (;;) {
      const chunk: Buffer | null = read(size);
      if (!atStart) return chunk;
      if (chunk !== null) pending = Buffer.concat([pending, chunk]);
      // At the end of the stream nothing more can complete the head.
      if (chunk === null && !socket.readableEnded) return null;
      const mended = mendedHead(pending);
      if (mended === undefined && !socket.readableEnded) continue;
      const passed = mended ?? pending;
      pending = Buffer.alloc(0);
      if (passed.length === 0) {
        if (chunk === null) return null;
        continue;
      }
      atStart = false;
      return passed;
    }
  };
}

/** `bytes` without `100 Continue` heads and blanks before colons; `undefined` while it takes more bytes to tell. */
export function mendedHead(bytes: Buffer): Buffer | undefined {
  let rest = bytes;
  for (;;) {
    const start = rest.subarray(0, STATUS_100_LENGTH).toString('latin1');
    const end = rest.indexOf(HEAD_END);
    if (!STATUS_100.test(start)) {
      if ('HTTP/1.1 100 '.startsWith(start) || 'HTTP/1.0 100 '.startsWith(start)) return undefined;
      if (!start.startsWith('HTTP/')) return rest;
      if (end === -1) return rest.length > MAX_HEAD || rest.includes('\n\n') ? rest : undefined;
      const head = rest.subarray(0, end).toString('latin1');
      const mended = head.replace(BLANK_BEFORE_COLON, '$1:');
      return mended === head ? rest : Buffer.concat([Buffer.from(mended, 'latin1'), rest.subarray(end)]);
    }
    if (end === -1) return rest.length > MAX_HEAD ? rest : undefined;
    rest = rest.subarray(end + HEAD_END.length);
  }
}

type Callback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** The signature of `dns.lookup`, as `net.connect` and `tls.connect` take it. */
export type Lookup = (hostname: string, options: LookupOptions, callback: Callback) => void;

/**
 * Resolves names so that at most one query for a host is under way; calls that come meanwhile share its answer. A query
 * occupies one of the two threads that the process has for them until the name server answers, which can take half a minute. If
 * every call asked by itself, one name that hangs would keep the calls to all other endpoints from connecting.
 */
export function createSharedLookup(
  resolve: Lookup = (hostname, options, callback) => dns.lookup(hostname, options, callback),
): Lookup {
  const waiting = new Map<string, Callback[]>();
  return (hostname, options, callback) => {
    const key = JSON.stringify([hostname, options.all, options.family, options.hints, options.order]);
    const others = waiting.get(key);
    if (others) {
      others.push(callback);
      return;
    }
    const callbacks = [callback];
    waiting.set(key, callbacks);
    resolve(hostname, options, (...answer) => {
      waiting.delete(key);
      for (const call of callbacks) call(...answer);
    });
  };
}
