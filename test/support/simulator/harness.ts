import type { IncomingHttpHeaders } from 'node:http';
import type { Test } from 'tap';
import type { LogLine } from '../../../src/simulator/endpoint.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../../src/simulator/server.ts';

// An `import` would make Node load its own HTTP client (`src/lib/http.ts`).
const { request } = process.getBuiltinModule('node:http');

/** A lead that the simulator accepts, in the documented order. */
export const LEAD: Readonly<Record<string, string>> = {
  ProviderId: '1001',
  UserName: 'demo',
  Password: 'demo-password',
  AdvertiserId: '1659',
  PlacementId: '7',
  ListingDetails: 'Year: 2019; Make: Honda',
  ConsumerPhoneNumber: '4045551212',
  ConsumerPhoneNumberCountryCode: '1',
  ConsumerFirstName: 'Ann',
  ConsumerLastName: "O'Neil",
  ConsumerQuestion: 'Is it still available?',
};

/** A request document with the members in their insertion order. An undefined member is left out. */
export function documentOf(members: Readonly<Record<string, string | undefined>>, attributes = ''): string {
  const content = Object.entries(members).map(([name, value]) =>
    value === undefined ? '' : `<${name}>${value.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</${name}>`,
  );
  return `<MobileTextConnectRequest${attributes}>${content.join('')}</MobileTextConnectRequest>`;
}

export type Reply = {
  /** Absent where no status line arrived. */
  readonly status?: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Error code, where the exchange failed. */
  readonly failure?: string;
};

export type CallOptions = {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  /** Aborts the call. */
  readonly signal?: AbortSignal;
};

/** Sends a body on its own connection. Resolves even when the exchange fails. */
export function call(url: string, body: string | Buffer, options: CallOptions = {}): Promise<Reply> {
  const { method = 'POST', headers = { 'content-type': 'application/xml; charset=utf-8' }, signal } = options;
  return new Promise((resolve) => {
    let reply: Pick<Reply, 'status' | 'headers'> = { headers: {} };
    const chunks: Buffer[] = [];
    const end = (error?: NodeJS.ErrnoException) =>
      resolve({ ...reply, body: Buffer.concat(chunks), ...(error && { failure: error.code ?? error.name }) });
    const outgoing = request(url, { method, headers, agent: false, ...(signal && { signal }) }, (incoming) => {
      reply = { status: incoming.statusCode ?? 0, headers: incoming.headers };
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('end', () => end());
      incoming.once('error', end);
    });
    outgoing.once('error', end);
    outgoing.end(body);
  });
}

/** A simulator that stops with the test. `over` resolves with the log line of the next call that ends. */
export async function simulatorFor(
  t: Test,
  options: SimulatorOptions = {},
): Promise<Simulator & { over(): Promise<LogLine> }> {
  const waiting: ((line: LogLine) => void)[] = [];
  const simulator = await startSimulator({ ...options, log: (line) => waiting.shift()?.(line) });
  t.teardown(() => simulator.close());
  return { ...simulator, over: () => new Promise((resolve) => waiting.push(resolve)) };
}

/** Makes one request to the control API and gives its status and its parsed answer. */
export async function control(
  simulator: Simulator,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; told: Record<string, unknown> }> {
  const answer = await fetch(new URL(path, simulator.inboxUrl), {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  });
  return { status: answer.status, told: (await answer.json()) as Record<string, unknown> };
}

/** The messages in the inbox, oldest first. */
export async function messagesOf(simulator: Simulator): Promise<Record<string, unknown>[]> {
  const { told } = await control(simulator, 'GET', '/messages');
  return told.messages as Record<string, unknown>[];
}

/** All counts so far. */
export async function totalsOf(simulator: Simulator): Promise<Record<string, unknown>> {
  const { told } = await control(simulator, 'GET', '/control');
  return told.totals as Record<string, unknown>;
}

export type ServerEvent = { readonly name: string; readonly id?: string; readonly data: unknown };

/** A simulator's new events. The stream ends with the test. `next` resolves with the next event of that name. */
export async function eventsOf(
  t: Test,
  simulator: Simulator,
  options: { since?: number; lastEventId?: string } = {},
): Promise<{ next(name: string): Promise<ServerEvent> }> {
  const leave = new AbortController();
  t.teardown(() => leave.abort());
  const answer = await fetch(new URL(`/events?since=${options.since ?? 0}`, simulator.inboxUrl), {
    signal: leave.signal,
    headers: options.lastEventId === undefined ? {} : { 'last-event-id': options.lastEventId },
  });
  const reader = (answer.body ?? new ReadableStream<Uint8Array>()).pipeThrough(new TextDecoderStream()).getReader();
  let pending = '';
  return {
    async next(name) {
      for (;;) {
        const end = pending.indexOf('\n\n');
        if (end < 0) {
          const { value, done } = await reader.read();
          if (done) throw new Error(`the stream ended before ${name}`);
          pending += value;
          continue;
        }
        const lines = pending.slice(0, end).split('\n');
        pending = pending.slice(end + 2);
        const field = (key: string) => lines.find((line) => line.startsWith(`${key}: `))?.slice(key.length + 2);
        if (field('event') !== name) continue;
        const id = field('id');
        return { name, ...(id !== undefined && { id }), data: JSON.parse(field('data') ?? 'null') };
      }
    },
  };
}
