import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export type WireAnswer = {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** From the last byte written to the last byte read. */
  readonly ms: number;
};

/** Longest wait for an answer: far more than any takes, so that a missing one fails a test and does not hang it. */
const PATIENCE_MS = 5_000;

/** Writes bytes as they are on a connection of their own and reads one answer. Rejects when none comes. */
export async function exchange(port: number, ...parts: readonly (string | Buffer)[]): Promise<WireAnswer> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    const answer = readAnswer(socket);
    answer.catch(() => undefined);
    for (const part of parts) {
      await new Promise<void>((resolve) => socket.write(part, () => resolve()));
    }
    const written = performance.now();
    const parsed = await answer;
    return { ...parsed, ms: performance.now() - written };
  } finally {
    socket.destroy();
  }
}

/** Reads one answer of a known length from a socket. */
export async function readAnswer(socket: Socket): Promise<Omit<WireAnswer, 'ms'>> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  let received = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('No answer came in time.')));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const answer = parse(received.toString());
      if (answer) resolve(answer);
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`Closed without an answer, after ${received.length} bytes.`)));
  });
}

function parse(text: string): Omit<WireAnswer, 'ms'> | undefined {
  const split = text.indexOf('\r\n\r\n');
  if (split === -1) return undefined;
  const [statusLine = '', ...lines] = text.slice(0, split).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const status = Number(statusLine.split(' ')[1]);
  const body = text.slice(split + 4);
  if (status === 100) return parse(body);
  return Buffer.byteLength(body) < Number(headers['content-length'] ?? 0) ? undefined : { status, headers, body };
}

/** The bytes of a request with a body, with a length that fits unless `headers` say otherwise. */
export function request(options: {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}): Buffer {
  const { method = 'POST', path = '/conversations', body = '' } = options;
  const headers: Record<string, string> = {
    host: 'gateway.test',
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    ...options.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`), Buffer.from(body)]);
}
