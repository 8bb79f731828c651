import { Agent, request } from 'node:http';
import { originOf, siteKeyOf } from './sites/names.ts';

/**
 * Sends leads to a gateway, in a process of its own that `overload.ts` forks. An open loop sends at a fixed rate, however
 * late the answers are, as visitors do; a lead's time counts from the moment at which it was due, so that a load that falls
 * behind does not hide a wait.
 */
export type Order = {
  readonly url: string;
  readonly seconds: number;
  /** Leads a second; without it `callers` send their next lead when the last one is answered. */
  readonly rate?: number;
  readonly callers?: number;
  /** Leads are for so many sites of the store, at random, from their pages; without it for the demo. */
  readonly sites?: number;
};

export type Result = {
  /** Milliseconds of each answer 201 or 202, and the ids in them. */
  readonly taken: readonly number[];
  readonly ids: readonly string[];
  /** Milliseconds of each answer 503. */
  readonly shed: readonly number[];
  /** Requests without an answer, or with any other one. */
  readonly failed: number;
  /** Answers 503 without `Retry-After`, or with another code than `overloaded`. */
  readonly unclear: number;
  /** The longest time by which a request left too late. */
  readonly lateMs: number;
};

/** Requests under way at most: below MAX_CONNECTIONS. */
const MOST_SOCKETS = 4_000;
const TICK_MS = 4;

let sent = 0;
process.on('message', (order: Order) => {
  run(order).then((result) => process.send?.(result));
});

async function run({ url, seconds, rate, callers = 0, sites }: Order): Promise<Result> {
  const agent = new Agent({ keepAlive: true, maxSockets: MOST_SOCKETS });
  const target = new URL('/conversations', url);
  const result = { taken: [] as number[], ids: [] as string[], shed: [] as number[], failed: 0, unclear: 0, lateMs: 0 };
  const startedAt = performance.now();
  const over = (): boolean => performance.now() - startedAt >= seconds * 1_000;

  const send = async (dueAt: number): Promise<void> => {
    result.lateMs = Math.max(result.lateMs, performance.now() - dueAt);
    const answer = await post(target, agent, sites).catch(() => undefined);
    const took = performance.now() - dueAt;
    if (answer?.status === 201 || answer?.status === 202) {
      result.taken.push(took);
      result.ids.push(String(answer.body.id));
    } else if (answer?.status === 503) {
      result.shed.push(took);
      if (answer.body.code !== 'overloaded' || !answer.retryAfter) result.unclear += 1;
    } else result.failed += 1;
  };

  if (rate === undefined) {
    const call = async (): Promise<void> => {
      while (!over()) await send(performance.now());
    };
    await Promise.all(Array.from({ length: callers }, call));
  } else {
    const underWay = new Set<Promise<void>>();
    for (let n = 0; !over(); ) {
      const elapsed = performance.now() - startedAt;
      for (; n < (elapsed * rate) / 1_000; n += 1) {
        const one = send(startedAt + (n * 1_000) / rate).finally(() => underWay.delete(one));
        underWay.add(one);
      }
      await new Promise((next) => setTimeout(next, TICK_MS));
    }
    await Promise.all(underWay);
  }
  agent.destroy();
  return result;
}

type Answer = {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: { id?: string; code?: string };
};

function post(target: URL, agent: Agent, sites: number | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const site = sites === undefined ? undefined : Math.floor(Math.random() * sites);
    const body = nextBody(site === undefined ? 'demo' : siteKeyOf(site));
    const call = request(target, {
      agent,
      method: 'POST',
      timeout: 30_000,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        ...(site !== undefined && { origin: originOf(site) }),
      },
    });
    call.on('error', reject);
    call.on('timeout', () => call.destroy(new Error('no answer')));
    call.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          retryAfter: response.headers['retry-after'],
          body: JSON.parse(text),
        }),
      );
    });
    call.end(body);
  });
}

/** No two leads are the same: a repeated one would be answered as a replay. */
function nextBody(site: string): string {
  sent += 1;
  return JSON.stringify({
    site,
    advertiserId: '1659',
    consumer: {
      phone: `(404) 555-${String(1_000 + (sent % 9_000))}`,
      firstName: 'Ann',
      lastName: "O'Neil",
      question: `Is the 2019 Civic still available? (${process.pid} ${sent})`,
    },
    listing: { year: '2019', make: 'Honda', model: 'Civic', vin: '2HGFC2F59KH500000' },
  });
}
