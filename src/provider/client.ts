import { Agent } from 'undici';
import type { Lead } from '../domain/lead.ts';
import type { Provider } from '../domain/provider.ts';
import type { ProviderAccount } from '../domain/provider-account.ts';
import { classify } from './classify.ts';
import { decodeAnswer, MAX_ANSWER_BYTES, memoizeSuccess } from './decode.ts';
import { encodeLead } from './encode.ts';
import { type Call, type Endpoint, endpointOf, exchange } from './exchange.ts';
import { connectorWithoutContinue } from './interim-responses.ts';

/** Upper bound on the sockets to one origin. A lead that waits for a socket until its time is up was never sent. */
const CONNECTIONS_PER_ORIGIN = 256;

/** A host that accepts no connection within this time is down. The rest of the call's time is for the reply. */
const MAX_CONNECT_MS = 5_000;

type Parts = {
  /** Gives the account with this id as it is configured now. Throws where no such account is configured. */
  readonly account: (id: string) => ProviderAccount;
  /** Upper bound on one whole call, from `send` to the last byte of the reply. */
  readonly timeoutMs: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
};

/**
 * The provider over HTTP: one POST a lead on keep-alive connections. A POST is never repeated and never redirected here,
 * because a call that failed may have arrived, and a second call opens a second conversation in an agent's list.
 */
export function createProviderClient({ account, timeoutMs, now = Date.now }: Parts): Provider {
  const agent = new Agent({
    connections: CONNECTIONS_PER_ORIGIN,
    pipelining: 1,
    allowH2: false,
    connect: connectorWithoutContinue({ timeout: Math.min(MAX_CONNECT_MS, Math.ceil(timeoutMs / 2)) }),
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: MAX_ANSWER_BYTES,
  });
  const decode = memoizeSuccess(decodeAnswer);
  const endpointAt = memoizeEndpoints();

  return {
    async send(lead) {
      const started = now();
      const call = prepareCall(lead, account, endpointAt);
      if ('cause' in call) return { outcome: { class: 'refused', cause: call.cause }, durationMs: 0, uncalled: true };
      const result = await exchange(agent, call, { timeoutMs, decode });
      const ended = now();
      return {
        outcome: classify(result, lead, ended),
        ...('httpStatus' in result ? { httpStatus: result.httpStatus } : {}),
        durationMs: Math.max(0, ended - started),
      };
    },
    close: () => agent.close(),
  };
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
): Call | { readonly cause: string } {
  let account: ProviderAccount;
  try {
    account = accountOf(lead.provider);
  } catch {
    return { cause: 'unknown_provider' };
  }
  try {
    return {
      endpoint: endpointAt(account.url),
      contentType: account.wire.contentType,
      body: encodeLead(lead, account),
    };
  } catch {
    return { cause: 'not_encodable' };
  }
}
