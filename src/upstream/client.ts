import { Agent } from 'undici';
import type { Provider } from '../config/settings.ts';
import type { Answer } from '../conversation/outcome.ts';
import type { Lead } from '../conversation/types.ts';
import { classify } from './classify.ts';
import { decodeAnswer, MAX_ANSWER_BYTES } from './decode.ts';
import { encodeLead } from './encode.ts';
import { type Call, type Endpoint, endpointOf, exchange } from './exchange.ts';
import { recognising } from './recognise.ts';

/** More sockets than this to one origin help nobody; a lead that waits for one until its time is up was never sent. */
const CONNECTIONS_PER_ORIGIN = 256;

/** A host that does not answer within this is down; what is left of the call's time is for the answer. */
const MAX_CONNECT_MS = 5_000;

type Parts = {
  /** The account of that name, as it is configured now; throws for one that is not. */
  readonly provider: (id: string) => Provider;
  /** Bound on one whole call, from `send` to the last byte of the answer. */
  readonly timeoutMs: number;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
};

/** Has the shape of delivery's port `Upstream`; the two meet where the parts are composed. */
type Client = {
  send(lead: Lead): Promise<Answer>;
  close(): Promise<void>;
};

/**
 * The provider over HTTP: one POST a lead on kept-alive connections, never repeated and never redirected, because a call
 * that failed may have arrived and a second one is a second conversation in an agent's list.
 */
export function createUpstream({ provider, timeoutMs, now = Date.now }: Parts): Client {
  const agent = new Agent({
    connections: CONNECTIONS_PER_ORIGIN,
    pipelining: 1,
    allowH2: false,
    connect: { timeout: Math.min(MAX_CONNECT_MS, Math.ceil(timeoutMs / 2)) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: MAX_ANSWER_BYTES,
  });
  const decode = recognising(decodeAnswer);
  // Addresses come from the configuration: few, and the same for every lead.
  const endpoints = new Map<string, Endpoint>();
  const endpointAt = (url: string): Endpoint => {
    const known = endpoints.get(url) ?? endpointOf(url);
    endpoints.set(url, known);
    return known;
  };

  return {
    async send(lead) {
      const started = now();
      const call = prepare(lead, provider, endpointAt);
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

/** The call that a lead becomes, or why it can become none, now or later: a person has to look at it. */
function prepare(
  lead: Lead,
  provider: Parts['provider'],
  endpointAt: (url: string) => Endpoint,
): Call | { readonly cause: string } {
  let account: Provider;
  try {
    account = provider(lead.provider);
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
