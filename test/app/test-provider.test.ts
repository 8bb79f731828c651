import { Socket } from 'node:net';
import t from 'tap';
import { createTestProvider } from '../../src/app/test-provider.ts';
import { DOCUMENTED } from '../../src/cli/commands/rehearse-steps.ts';
import { createAccounts } from '../../src/config/live.ts';
import type { Lead } from '../../src/domain/lead.ts';
import { type Answer, type ProviderAccount, separateTests, testProviderOf } from '../../src/domain/provider.ts';
import { createProviderClient } from '../../src/provider/client.ts';
import { FAULTS, nationalOf } from '../../src/simulator/faults/table.ts';
import { DEMO_CREDENTIALS, startSimulator } from '../../src/simulator/server.ts';
import { lead } from '../support/lead.ts';

const ACCOUNT: ProviderAccount = {
  id: 'default',
  region: 'na',
  url: 'https://provider.invalid/service',
  ...DEMO_CREDENTIALS,
  wire: {
    root: 'p:MobileTextConnectRequest',
    namespace: 'urn:provider',
    order: 'alphabetical',
    contentType: 'text/xml; charset=utf-8',
    listingFormat: 'text',
  },
};

/** Some faults never answer, and take this long; all others answer far sooner, also on a busy machine. */
const TIMEOUT_MS = 5_000;

const numbered = (national: string): Partial<Lead> => ({
  phone: { e164: `+1${national}`, callingCode: '1', national },
  question: 'Is it still there?',
});
const testLead = (changes: Partial<Lead> = {}): Lead => lead({ provider: testProviderOf('default'), ...changes });

/** Without the seconds to a date, which pass between two answers. */
const comparable = ({ outcome, httpStatus }: Answer) => {
  const { retryAfterMs, ...rest } = { retryAfterMs: undefined, ...outcome };
  return { ...rest, httpStatus, waits: retryAfterMs !== undefined };
};

t.test('every magic number does in memory what it does over a network, and no socket is opened', async (t) => {
  const simulator = await startSimulator();
  t.teardown(() => simulator.close());
  const account = { ...ACCOUNT, wire: { ...ACCOUNT.wire, root: 'MobileTextConnectRequest' } };
  const overNetwork = createProviderClient({
    account: () => ({ ...account, url: simulator.endpoint }),
    timeoutMs: TIMEOUT_MS,
  });
  const inMemory = createTestProvider({ account: () => account, timeoutMs: TIMEOUT_MS });
  t.teardown(() => Promise.all([overNetwork.close(), inMemory.close()]));
  const numbers = FAULTS.map((fault) => [fault.name, numbered(nationalOf(fault))] as const);
  const { connect } = Socket.prototype;
  const opened: unknown[] = [];
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
    opened.push(args);
    return Reflect.apply(connect, this, args);
  } as typeof connect;
  t.teardown(() => {
    Socket.prototype.connect = connect;
  });
  const [answers, expected] = await Promise.all([
    Promise.all(numbers.map(([, changes]) => inMemory.send(testLead(changes)))),
    Promise.all(numbers.map(([, changes]) => overNetwork.send(lead(changes)))),
  ]);
  for (const [n, [name]] of numbers.entries())
    t.strictSame(comparable(answers[n] as Answer), comparable(expected[n] as Answer), name);
  for (const [n, [name]] of numbers.entries()) {
    const named = Object.entries(DOCUMENTED).find(([, faults]) => faults.includes(name));
    // It takes 6 seconds, and this client waits for 5.
    const wanted = name === 'slow' ? 'unknown' : (named?.[0] ?? 'unknown');
    t.equal(answers[n]?.outcome.class, wanted, `${name} is documented as what it becomes`);
  }
  const { port } = new URL(simulator.endpoint);
  t.ok(opened.length > 0, 'the network is watched');
  t.notOk(opened.some((args) => !JSON.stringify(args).includes(port)));
});

t.test('a lead is sent to the one provider or to the other by its own provider alone', async (t) => {
  const calls: string[] = [];
  const provider = (name: string) => ({
    async send(): Promise<Answer> {
      calls.push(name);
      return { outcome: { class: 'delivered' }, durationMs: 1 };
    },
    close: async () => undefined,
  });
  const separated = separateTests(provider('real'), provider('tests'));
  await separated.send(lead());
  await separated.send(testLead());
  await separated.send(lead({ provider: 'testing' }));
  t.strictSame(calls, ['real', 'tests', 'real']);
});

t.test('a test lead of an account that is not configured any more is not called for', async (t) => {
  const provider = createTestProvider({
    account(id) {
      throw new Error(`no ${id}`);
    },
    timeoutMs: TIMEOUT_MS,
  });
  t.match(await provider.send(testLead()), { uncalled: true, outcome: { cause: 'unknown_provider' } });
  await provider.close();
});

t.test('the simulator asks for exactly the document of the account', async (t) => {
  let account = ACCOUNT;
  const inMemory = createTestProvider({ account: () => account, timeoutMs: TIMEOUT_MS });
  t.teardown(() => inMemory.close());
  t.match(await inMemory.send(testLead()), { outcome: { class: 'delivered' } });
  account = { ...ACCOUNT, wire: { ...ACCOUNT.wire, order: 'documented', contentType: 'application/xml' } };
  t.match(await inMemory.send(testLead()), { outcome: { class: 'delivered' } }, 'also after it has changed');
});

t.test('a fault that is asked for answers every call', async (t) => {
  const inMemory = createTestProvider({ account: () => ACCOUNT, timeoutMs: TIMEOUT_MS, fault: '503' });
  t.teardown(() => inMemory.close());
  t.match(await inMemory.send(testLead()), { outcome: { class: 'not_sent', cause: 'http_503' } });
  t.match(await inMemory.send(testLead(numbered('4045552010'))), { outcome: { class: 'not_sent' } });
});

t.test('the client of real leads calls nobody for a test lead, as an earlier release does not', async (t) => {
  const accounts = createAccounts(
    () => ({ providers: new Map([['default', { ...ACCOUNT, url: 'http://127.0.0.1:9/' }]]) }),
    () => 'hash',
  );
  const client = createProviderClient({ account: accounts.get, timeoutMs: TIMEOUT_MS });
  t.teardown(() => client.close());
  t.match(await client.send(testLead()), { uncalled: true, outcome: { cause: 'unknown_provider' } });
  t.equal(accounts.credentials(testProviderOf('default')), 'hash');
});
