import { hash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import pino from 'pino';
import type { Test } from 'tap';
import { startReloadingGateway } from '../../../src/app/reloading.ts';
import { openSession } from '../../../src/cli/session.ts';
import { loadSettings } from '../../../src/config/load.ts';
import { leadOf, NO_LIMITS, post } from '../caller.ts';
import { ioOf, runInProcess } from '../cli/terminal.ts';
import { eventually } from '../eventually.ts';
import { startProvider } from '../provider.ts';
import { webhookReceiver } from '../receivers.ts';
import { mountSmallDisk } from '../small-disk.ts';
import { alertRecorder, SCRAPE_S } from './alerts.ts';
import { programTime } from './time.ts';

const NOON = Date.UTC(2026, 10, 28, 12);
const TOKEN = 'admin-token-of-thirty-two-letters';
/** Seconds between two leads. */
const LEAD_EVERY_S = 3;
/** Connections and requests that a burst of leads has. A connection may have 16 unanswered requests. */
const [CONNECTIONS, PIPELINED] = [9, 10];

type Line = { readonly event?: string } & Readonly<Record<string, unknown>>;

/**
 * The whole program in the test's process, with its real listeners, files and receivers, a provider and a webhook, over a clock
 * that the test advances. Leads come all the time; Prometheus scrapes.
 *
 * @param redis URL of a Redis server
 */
export async function gameDay(t: Test, redis: string | undefined) {
  const disk = mountSmallDisk(t, 64 * 1_024);
  const clock = programTime(t, NOON);
  const provider = await startProvider(t);
  const { url: hook, next } = await webhookReceiver(t);
  const folder = t.testdir();
  const files = { config: join(folder, 'config.jsonc'), password: join(folder, 'password') };
  const database = join(disk.folder, 'gateway.db');
  const {
    UPSTREAM_URL: url,
    PROVIDER_ID,
    PROVIDER_USERNAME: username,
    PROVIDER_PASSWORD: password = '',
  } = provider.env;
  writeFileSync(files.password, password);
  const config = JSON.stringify({
    providers: { main: { url, providerId: Number(PROVIDER_ID), username, passwordFile: files.password } },
    sites: {
      demo: {
        name: 'Demo',
        origins: ['https://dealer.example'],
        country: 'US',
        targets: { advertiserIds: '*' },
        provider: 'main',
      },
    },
    notifications: { name: 'game day', targets: { ops: { url: hook } }, breakerMinutes: 1 },
    allowPrivateHosts: ['127.0.0.1'],
  });
  writeFileSync(files.config, config);
  const env = {
    ...NO_LIMITS,
    NODE_ENV: 'development',
    CONFIG_FILE: files.config,
    DATABASE_URL: `sqlite:${database}`,
    HOST: '127.0.0.1',
    PORT: '0',
    ADMIN_PORT: '0',
    ADMIN_TOKEN: TOKEN,
    RETRY_SCHEDULE_S: Array(30).fill('15').join(),
    ...(redis !== undefined && { REDIS_URL: redis }),
  };
  const lines: Line[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const { gateway, watch } = await startReloadingGateway({
    settings: loadSettings(env),
    env,
    log,
    version: '1.0.0',
    clock,
  });
  const told: string[] = [];
  void (async () => {
    for (;;) {
      const { type, data } = JSON.parse((await next()).body);
      told.push(`${type.replace('notification.', '')} ${data.key}`);
    }
  })();
  const sockets: Socket[] = [];
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    watch.stop();
    await gateway.close();
  });

  const alerts = alertRecorder();
  const { adminUrl = '' } = gateway;
  let scraped = '';
  let sent = 0;
  /** The numbers of the leads that were acknowledged, and of those that have to be sent again. */
  const acknowledged = new Map<number, unknown>();
  const refused: number[] = [];
  let replayed = 0;
  const note = (n: number, status: number | undefined, id?: unknown): void => {
    if (status === 201 || status === 202) acknowledged.set(n, id ?? acknowledged.get(n));
    else if (status === 503) refused.push(n);
    else t.fail(`lead ${n} was answered ${status}`);
  };
  const send = async (n = sent++): Promise<number | undefined> => {
    const known = acknowledged.get(n);
    const reply = await post(gateway.url, leadOf(n), { 'idempotency-key': keyOf(n) });
    if (known !== undefined && reply?.headers.get('idempotency-replayed') === 'true' && reply.body.id === known)
      replayed += 1;
    note(n, reply?.status, reply?.body.id);
    return reply?.status;
  };
  const scrape = async (): Promise<void> => {
    const answer = await fetch(`${adminUrl}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } });
    scraped = await answer.text();
    alerts.scraped(scraped);
  };
  const logIn = async (): Promise<string> => {
    const body = new URLSearchParams({ token: TOKEN });
    const answer = await fetch(`${adminUrl}/console/login`, { method: 'POST', body, redirect: 'manual' });
    await answer.text();
    return answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  };
  const cookie = await logIn();

  return {
    clock,
    provider,
    disk,
    files,
    config,
    database,
    alerts,
    acknowledged,
    /** How many requests were answered from a lead that was acknowledged before, with its id. */
    replayed: () => replayed,
    /** Sends a lead, and gives the status of the answer. */
    send,
    /** Lets time pass, with a lead every three seconds and what `each` does every quarter of a minute. */
    async pass(seconds: number, each: () => Promise<unknown> = async () => undefined): Promise<void> {
      for (let second = 1; second <= seconds; second += 1) {
        await clock.advance(1_000);
        if (second % LEAD_EVERY_S === 0) await send();
        if (second % SCRAPE_S !== 0) continue;
        await each();
        await clock.settle();
        await scrape();
      }
    },
    /** Sends the leads again that were answered 503, as buttons and partners do. */
    async again(): Promise<void> {
      for (const n of refused.splice(0)) await send(n);
    },
    /** Sends more leads at once than one turn of the event loop may read, the last of them for the second time; each is answered 201, 202 or 503. */
    async burst(): Promise<void> {
      while (sockets.length < CONNECTIONS) sockets.push(await opened(new URL(gateway.url)));
      const known = [...acknowledged].flatMap(([n, id]) => (id === undefined ? [] : [n])).slice(-PIPELINED);
      const answers = sockets.map((socket, place) => {
        // The last ones are sent for the second time.
        const isReplay = place === CONNECTIONS - 1;
        const numbers = isReplay ? known : Array.from({ length: PIPELINED }, () => sent++);
        return { numbers, statuses: pipeline(socket, numbers) };
      });
      for (const { numbers, statuses } of answers) {
        const found = await clock.during(statuses);
        for (const [place, n] of numbers.entries()) note(n, found[place]);
      }
    },
    /** Waits until a line of this event is written. Each look takes `lookMs` of the program's time. */
    logged: (event: string, from: number, lookMs = 0) =>
      eventually(event, 20_000, async () => {
        if (lookMs > 0) await clock.advance(lookMs);
        return lines.slice(from).find((line) => line.event === event);
      }),
    lines,
    metrics: () => scraped,
    /** What operators were told since the last call. */
    told: () => told.splice(0),
    doctor: () => runInProcess(['doctor'], { ...ioOf({}), env, now: clock.now }, openSession),
    /** The one line of the overview; `undefined` where there is no page. */
    async headline(): Promise<string | undefined> {
      const page = await (await fetch(`${adminUrl}/console`, { headers: { cookie } })).text();
      return /<h1>(.*?)<\/h1>/.exec(page)?.[1];
    },
    close: async () => {
      watch.stop();
      await gateway.close();
    },
  };
}

async function opened({ hostname, port }: URL): Promise<Socket> {
  const socket = connect(Number(port), hostname);
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

/** Sends all requests in one write, and gives the statuses of their answers. */
function pipeline(socket: Socket, leads: readonly number[]): Promise<number[]> {
  return new Promise((resolve, reject) => {
    let text = '';
    const read = (data: Buffer): void => {
      text += data.toString('latin1');
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
      // Every answer is JSON that ends with a brace.
      if (statuses.length < leads.length || !text.trimEnd().endsWith('}')) return;
      socket.off('data', read);
      socket.off('close', closed);
      resolve(statuses);
    };
    const closed = (): void => reject(new Error('the connection was closed'));
    socket.on('data', read);
    socket.once('close', closed);
    socket.write(leads.map(requestOf).join(''));
  });
}

function requestOf(n: number): string {
  const body = JSON.stringify(leadOf(n));
  const lines = [
    'POST /conversations HTTP/1.1',
    'host: gateway.test',
    'origin: https://dealer.example',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    `idempotency-key: ${keyOf(n)}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

const keyOf = (n: number): string => `game-day-${hash('sha256', String(n)).slice(0, 32)}`;
