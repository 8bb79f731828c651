import { hash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import t, { type Test } from 'tap';
import { leadOf, NO_LIMITS } from '../support/caller.ts';
import { withDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { leadsToSend, sendAll } from '../support/load.ts';
import { startPostgres } from '../support/postgres.ts';
import { urlOf } from '../support/postgres-server.ts';
import { startProvider } from '../support/provider.ts';
import { type Random, seeded } from '../support/random.ts';
import { httpReceiver } from '../support/receivers.ts';
import { scaled } from '../support/scale.ts';

/** Each causes three messages at least: it is held, released and delivered. */
const LEADS = scaled(60, 3_400);
const KILLS = scaled(3, 100);
const STORES = scaled(['sqlite'], ['sqlite', 'postgres'] as const);
/** Only the long form waits the minute until the leases of the last dead process expire; the short form expires them. */
const EXPIRE = scaled(true, false);
const CALLERS = 4;
/** Leads that one request releases: few, so that leads of all kinds are under way when the program is killed. */
const RELEASED = 20;
const ALL_TOLD_MS = 400_000;

const KEY = 'tcg_partner-key-of-a-test';
const TOKEN = 'admin-token-of-thirty-two-letters';
const SECRET = `whsec_${Buffer.from('zyxwvutsrqponmlkjihgfedcba').toString('base64')}`;
const seed = Number(process.env.SEED ?? 15);
t.comment(`SEED=${seed}`);
t.setTimeout(scaled(480_000, 3_600_000));

/** What may follow an event of a conversation, so that an event that is lost or out of order shows. */
const NEXT: Readonly<Record<string, readonly string[]>> = {
  first: ['held'],
  held: ['released'],
  // The program may be killed while it sends; the lead then waits, and is released again.
  released: ['delivered', 'unknown'],
  unknown: ['released'],
  delivered: [],
};

for (const kind of STORES) {
  t.test(`killed at random on ${kind}, it tells a partner of everything, in order for each conversation`, async (t) => {
    const folder = t.testdir();
    const random = seeded(seed);
    const receiver = await startReceiver(t, random);
    const provider = await startProvider(t);
    const store = await (kind === 'sqlite' ? sqliteStore(join(folder, 'gateway.db')) : postgresStore());
    const env = {
      ...NO_LIMITS,
      ...provider.env,
      NODE_ENV: 'development',
      CONFIG_FILE: configFor(join(folder, 'config.json'), receiver.url),
      DATABASE_URL: store.url,
      ADMIN_PORT: '0',
      ADMIN_TOKEN: TOKEN,
      UNKNOWN_OUTCOME: 'hold',
      RETRY_SCHEDULE_S: '1,1,1,1',
      DELIVER_WAIT_MS: '500',
    };
    const leads = leadsToSend(LEADS);
    const wanted = LEADS * 3;

    for (let kill = 0; kill <= KILLS; kill += 1) {
      const gateway = await startGateway(t, env);
      if (kill === 0) await eventually('the receiver is subscribed', 60_000, store.subscribed);
      const goal = Math.ceil((wanted * (kill + 1)) / (KILLS + 1));
      let over = false;
      const load = Promise.all([
        sendAll({
          leads,
          url: () => gateway.url,
          callers: CALLERS,
          over: () => over,
          // A transaction that a killed process left open is ended by the server before long.
          outage: true,
          // A filled trap field makes a lead suspicious: it is held.
          lead: (n) => leadOf(n, { trap: 'x', reference: `lead-${n}` }),
          headers: { authorization: `Bearer ${KEY}` },
        }),
        release(gateway, () => over),
      ]);
      if (kill < KILLS) {
        await eventually(`${goal} messages are told`, ALL_TOLD_MS, () => receiver.told() >= goal || undefined);
        for (let turns = random.below(400); turns > 0; turns -= 1) await new Promise((next) => setImmediate(next));
        await gateway.end('SIGKILL');
        over = true;
        await load;
        if (EXPIRE) store.expire(gateway.pid);
        continue;
      }
      await eventually('each conversation is told to its end', ALL_TOLD_MS, () =>
        receiver.delivered() === LEADS ? true : undefined,
      );
      over = true;
      await load;
      t.equal((await gateway.end('SIGTERM')).code, 0);
    }

    t.equal(leads.acknowledged.size, LEADS);
    const told = receiver.byConversation();
    t.strictSame(
      [...leads.acknowledged.values()].filter((id) => !told.has(id)),
      [],
      'no acknowledged lead is missing',
    );
    t.equal(told.size, LEADS, 'a lead that was repeated with its key is one conversation');
    let repeated = 0;
    let events = 0;
    for (const [id, messages] of told) {
      const once = messages.filter(({ message }, at) => messages[at - 1]?.message !== message);
      repeated += messages.length - once.length;
      events += once.length;
      const isComplete =
        new Set(once.map(({ message }) => message)).size === once.length &&
        once.every(({ event }, at) => NEXT[once[at - 1]?.event ?? 'first']?.includes(event)) &&
        once.at(-1)?.event === 'delivered';
      if (!isComplete) t.fail(`${id} is told ${once.map(({ event }) => event).join(', ')}`);
    }
    t.ok(events >= wanted);
    t.strictSame(receiver.wrong, [], 'every message is signed, with its reference');
    t.equal(await store.waiting(), 0, 'no message is left');
    t.comment(
      `${kind}: ${KILLS} kills, ${LEADS} conversations, ${events} events, ${repeated} of them told again, ${receiver.refused()} refused`,
    );
  });
}

/** Takes messages, now and then refuses one, and remembers what it took in the order of arrival. */
async function startReceiver(t: Test, random: Random) {
  const taken = new Map<string, { readonly message: string; readonly event: string }[]>();
  const messages = new Set<string>();
  const wrong: string[] = [];
  let delivered = 0;
  let refused = 0;
  const webhook = new Webhook(SECRET);
  const url = await httpReceiver(t, async (request, response) => {
    const body = await text(request);
    if (random.chance(0.01)) {
      refused += 1;
      response.writeHead(503).end();
      return;
    }
    const headers = request.headers as Record<string, string>;
    const { type, data } = webhook.verify(body, headers) as { type: string; data: Record<string, string> };
    const { id = '', reference = '' } = data;
    const message = headers['webhook-id'] ?? '';
    const event = type.replace('conversation.', '');
    taken.set(id, [...(taken.get(id) ?? []), { message, event }]);
    if (!reference.startsWith('lead-')) wrong.push(body);
    if (!messages.has(message) && event === 'delivered') delivered += 1;
    messages.add(message);
    response.end();
  });
  return {
    url,
    wrong,
    /** Different messages. */
    told: () => messages.size,
    delivered: () => delivered,
    refused: () => refused,
    byConversation: () => taken,
  };
}

function configFor(file: string, url: string): string {
  const site = { name: 'Demo', origins: ['*'], country: 'US', targets: { advertiserIds: '*' } };
  const crm = {
    keys: [`sha256:${hash('sha256', KEY)}`],
    defaultSite: 'demo',
    rate: { max: 1_000_000, windowS: 60 },
    callbacks: [{ url, secret: SECRET }],
  };
  writeFileSync(file, JSON.stringify({ sites: { demo: site }, partners: { crm }, allowPrivateHosts: ['127.0.0.1'] }));
  return file;
}

/** Releases what waits, as an operator does, until the load is over. */
async function release(gateway: RunningGateway, over: () => boolean): Promise<void> {
  const { adminUrl } = await gateway.line(({ event }) => event === 'started');
  while (!over()) {
    try {
      await fetch(`${adminUrl}/leads/release`, {
        method: 'POST',
        headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
        body: JSON.stringify({ partner: 'crm', limit: RELEASED }),
      });
    } catch {
      // It is being killed.
    }
    await pause(20);
  }
}

type Store = {
  readonly url: string;
  /** Gives `true` once the receiver is stored. */
  readonly subscribed: () => Promise<true | undefined> | true | undefined;
  /** Messages that are stored. */
  readonly waiting: () => Promise<number> | number;
  readonly expire: (pid: number) => void;
};

const SUBSCRIBERS = 'SELECT count(*) AS n FROM subscribers';
const MESSAGES = 'SELECT count(*) AS n FROM outgoing';

function sqliteStore(path: string): Store {
  const count = (sql: string): number => withDatabase(path, (database) => Number(database.prepare(sql).get()?.n));
  return {
    url: `sqlite:${path}`,
    subscribed: () => count(SUBSCRIBERS) > 0 || undefined,
    waiting: () => count(MESSAGES),
    expire: (pid) =>
      withDatabase(path, (database) => {
        for (const table of ['conversations', 'outgoing'])
          database
            .prepare(`UPDATE ${table} SET next_at = min(next_at, ?) WHERE lease_owner LIKE ?`)
            .run(Date.now(), `%:${pid}:%`);
      }),
  };
}

async function postgresStore(): Promise<Store> {
  const server = await startPostgres();
  const address = await server.database();
  const count = async (sql: string): Promise<number> => Number((await server.query(sql, address))[0]?.n);
  return {
    url: urlOf(address),
    subscribed: async () => (await count(SUBSCRIBERS)) > 0 || undefined,
    waiting: () => count(MESSAGES),
    expire: () => {
      throw new Error('The long form waits until leases expire.');
    },
  };
}
