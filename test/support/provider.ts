import type { Test } from 'tap';
import { type Credentials, DEMO_CREDENTIALS, type Simulator, startSimulator } from '../../src/simulator/server.ts';

/** `received`: calls that carried a lead. `got`: those after which the provider has the lead. */
export type Tally = { readonly received: number; readonly got: number };

type Orders = { readonly delayMs?: number; readonly retryAfter?: number; readonly count?: number };

/** The simulator as the provider of a real program. */
export type Provider = {
  readonly simulator: Simulator;
  /** Settings that make the program's demo site call it. */
  readonly env: Readonly<Record<string, string>>;
  /** Sets the fault of every later call whose number selects no other fault. */
  answer(fault: string, orders?: Orders): Promise<void>;
  /** Sets the faults of the next calls. */
  next(fault: string, orders?: Orders): Promise<void>;
  /** Accepts this password from now on, and no other. */
  accept(password: string): Promise<void>;
  /** Exact counts by number, all digits from the country code on. */
  byPhone(): Promise<Readonly<Record<string, Tally>>>;
  /** Exact counts by lead; the same text means the same lead. */
  byLead(): Promise<Readonly<Record<string, Tally>>>;
  ofPhone(digits: string): Promise<Tally>;
};

/** Starts a provider in the test's process and closes it with the test. */
export async function startProvider(t: Test, credentials: Credentials = DEMO_CREDENTIALS): Promise<Provider> {
  const simulator = await startSimulator({ credentials });
  t.teardown(() => simulator.close());
  const { providerId, username, password } = credentials;

  const order = async (path: string, body: object): Promise<void> => {
    const answer = await fetch(`${simulator.controlUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`The simulator did not take ${JSON.stringify(body)}: ${await answer.text()}`);
  };
  const counts = async <T>(query = ''): Promise<T> =>
    (await (await fetch(`${simulator.controlUrl}/counts${query}`)).json()) as T;

  return {
    simulator,
    env: {
      UPSTREAM_URL: simulator.endpoint,
      PROVIDER_ID: String(providerId),
      PROVIDER_USERNAME: username,
      PROVIDER_PASSWORD: password,
    },
    answer: (fault, orders) => order('/mode', { fault, ...orders }),
    accept: (password) => order('/credentials', { providerId, username, password }),
    next: (fault, orders) => order('/next', { fault, ...orders }),
    byPhone: async () => (await counts<{ phones: Record<string, Tally> }>()).phones,
    byLead: async () => (await counts<{ fingerprints: Record<string, Tally> }>()).fingerprints,
    ofPhone: (digits) => counts(`?phone=${digits}`),
  };
}
