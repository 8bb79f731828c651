import type { IncomingMessage, ServerResponse } from 'node:http';
import { failureOf, HTML, pageOf, XML } from './faults/fault.ts';
import { decodeUtf8, mediaTypeOf, readBody } from './http.ts';
import { type Message, messageOf } from './messages.ts';
import type { Order } from './plan.ts';
import { answerTypeOf, Faulted, faultOf, frameOf, hasTypeOf, Lacking, readByProfile } from './profile.ts';
import { type Fields, failureFor, readRequest, Unreadable } from './request.ts';
import type { Profile } from './rules.ts';
import { eventOf, type State } from './state.ts';

/** In bytes. Far above the size of any lead. */
const BODY_LIMIT = 1024 * 1024;

/** One call for the log, without personal data. */
export type LogLine = { readonly answered: string; readonly received: boolean; readonly durationMs: number };

/** A refusal by the service or its host, without an ordered fault. */
type Refusal = { readonly status: number; readonly why: string; readonly fault?: string };

/**
 * Answers one call to the provider's endpoint. Never rejects. A call is counted as received before its answer starts, so
 * that the counters are exact after any failure of the answer.
 */
export async function handleCall(
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
  log: ((line: LogLine) => void) | undefined,
): Promise<void> {
  const { counters, plan } = state;
  const startedAt = state.now();
  let answered = 'gone';
  let message: Message | undefined;
  counters.arrive();
  response.once('close', () => {
    counters.leave();
    const durationMs = state.now() - startedAt;
    if (message !== undefined) finish(state, message, durationMs);
    log?.({ answered, received: message !== undefined, durationMs });
  });

  const ordered = plan.next();
  if (ordered !== undefined && state.events.watched()) state.events.publish(eventOf('control', null));
  if (ordered?.fault.unread) {
    answered = answerWith(state, response, ordered, {});
    return;
  }
  const read = await readFields(state, request);
  if (read === 'gone') return;
  const fields = 'why' in read ? {} : read;
  const digits = fields.ConsumerPhoneNumber && `${fields.ConsumerPhoneNumberCountryCode}${fields.ConsumerPhoneNumber}`;
  const order = ordered ?? plan.otherwise(digits);
  const refusal = 'why' in read ? read : refusalOf(fields, state);
  // A fault that counts as `got` would be wrong for a call that is refused and opens no conversation.
  if (refusal !== undefined && order.fault.got) {
    answered = 'refused';
    counters.refuse(refusal.why);
    refuse(response, refusal, state.rules.profile);
    return;
  }
  if (refusal === undefined && digits !== undefined && !order.fault.unread) {
    message = receive(state, fields, digits, order);
  }
  answered = answerWith(state, response, order, fields);
}

/** The request's fields, or the reason why they cannot be read. */
async function readFields(state: State, request: IncomingMessage): Promise<Fields | Refusal | 'gone'> {
  const type = mediaTypeOf(request.headers['content-type']);
  const encoding = request.headers['content-encoding'] ?? 'identity';
  const body = await readBody(request, BODY_LIMIT);
  if (body === 'gone') return 'gone';
  if (body === 'too_large') return { status: 413, why: 'The request body is too large.' };
  const { profile } = state.rules;
  const head = { contentType: request.headers['content-type'], soapAction: headerOf(request, 'soapaction') };
  const ofAnyProfile = type === 'text/xml' || (type === 'application/xml' && !state.rules.textXmlOnly);
  const known = profile ? hasTypeOf(profile, head) : ofAnyProfile;
  if (!known || encoding !== 'identity') return { status: 415, why: 'The content type is not supported.' };
  const text = decodeUtf8(body);
  if (text === undefined) return { status: 400, why: 'The body is not valid UTF-8.' };
  try {
    return profile ? readByProfile(text, profile, head) : readRequest(text, state.rules);
  } catch (error) {
    if (error instanceof Lacking) return { status: 200, why: error.message };
    if (error instanceof Faulted && profile) return { status: 500, why: error.message, fault: faultOf(profile, error) };
    if (error instanceof Unreadable) return { status: 400, why: error.message };
    throw error;
  }
}

function refusalOf(fields: Fields, state: State): Refusal | undefined {
  const why = failureFor(fields, state.credentials);
  return why === undefined ? undefined : { status: 200, why };
}

function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** A refusal of the service is a document like its other answers; one of the host is a page. */
function refuse(response: ServerResponse, { status, why, fault }: Refusal, profile: Profile | null): void {
  const frame = profile && frameOf(profile);
  const failure = frame ? frame(failureOf(why)) : failureOf(why);
  const body = fault ?? (status === 200 ? failure : pageOf('Request Error', why));
  const isPage = fault === undefined && status !== 200;
  response.writeHead(status, {
    'content-type': isPage ? HTML : profile ? answerTypeOf(profile) : XML,
    'content-length': Buffer.byteLength(body),
    // The rest of the too large body stays unread, so the connection cannot be reused.
    ...(status === 413 && { connection: 'close' }),
  });
  response.end(body);
}

function receive(state: State, fields: Fields, digits: string, { fault }: Order): Message {
  state.lastId += 1;
  const message = messageOf(state.lastId, state.now(), fields, fault.name, fault.got);
  state.counters.receive(digits, message.fingerprint, fault.got);
  state.store.add(message);
  if (state.events.watched()) state.events.publish(eventOf('conversation', message, message.id));
  return message;
}

function finish(state: State, message: Message, durationMs: number): void {
  message.durationMs = durationMs;
  if (state.events.watched()) state.events.publish(eventOf('settled', { id: message.id, durationMs }));
}

/** Sends the ordered answer after its delay and returns the fault's name. A client that disconnects first gets no answer. */
function answerWith(state: State, response: ServerResponse, order: Order, fields: Fields): string {
  const { fault } = order;
  state.counters.fault(fault.name);
  const delayMs = order.delayMs ?? fault.delayMs ?? 0;
  const { profile } = state.rules;
  const frame = profile && frameOf(profile);
  const framed = profile && frame ? { framed: { type: answerTypeOf(profile), frame } } : {};
  const call = { response, fields, delayMs, retryAfterS: order.retryAfterS, now: state.now, ...framed };
  if (delayMs === 0 || fault.paced) fault.answer(call);
  else {
    const timer = setTimeout(() => fault.answer(call), delayMs);
    response.once('close', () => clearTimeout(timer));
  }
  return fault.name;
}
