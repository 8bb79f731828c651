import type { ServerResponse } from 'node:http';
import { XML } from '../documents.ts';
import type { Fields } from '../members.ts';

/** What a fault has at hand to spoil an answer. */
export type Call = {
  readonly response: ServerResponse;
  /** What the request said; empty where nothing acceptable was read. */
  readonly fields: Fields;
  /** Milliseconds that were asked for, or the fault's own. Already waited, unless the fault is `paced`. */
  readonly delayMs: number;
  /** Seconds for a Retry-After header. */
  readonly retryAfterS: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** One way to answer a call. */
export type Fault = {
  readonly name: string;
  /** NN of the number that asks for it, +1 404 555 20NN. */
  readonly line: number;
  /** Whether an agent sees the conversation, whatever the caller is told. */
  readonly got: boolean;
  /** What the caller meets, for the table in `docs/simulator.md` and the inbox. */
  readonly summary: string;
  readonly answer: (call: Call) => void;
  /** Wait before the answer in milliseconds, where nobody asked for another. */
  readonly delayMs?: number;
  /** Spreads its delay over the answer instead of waiting before it. */
  readonly paced?: true;
  /** Strikes before the body is read (asked for by number, it acts as though it had not been). */
  readonly unread?: true;
};

/** Sends a whole answer with an honest length. */
export function send(call: Call, status: number, body: string | Buffer, headers: Record<string, string> = {}): void {
  call.response.writeHead(status, { 'content-type': XML, 'content-length': Buffer.byteLength(body), ...headers });
  call.response.end(body);
}
