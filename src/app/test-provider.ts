import type { FailurePatterns } from '../domain/failure-pattern.ts';
import type { Lead } from '../domain/lead.ts';
import { accountOf, type Provider, type ProviderAccount } from '../domain/provider.ts';
import { createProviderClient } from '../provider/client.ts';
import type { LogLine } from '../simulator/endpoint.ts';
import type { InProcessSimulator } from '../simulator/in-process.ts';

/** The credentials of test calls. The account's own are no part of them. */
const CREDENTIALS = { providerId: 1001, username: 'test', password: 'test-password' } as const;

/** No address of any network (RFC 2606, section 2); the path names the account. */
const ENDPOINT = 'http://simulator.invalid/';

type Parts = {
  /** Gives the account with this id as it is configured now. Throws where no such account is configured. */
  readonly account: (id: string) => ProviderAccount;
  readonly patterns?: (lead: Lead) => FailurePatterns;
  readonly timeoutMs: number;
  /** Answers every call with this fault of the simulator instead of that of the lead's number. */
  readonly fault?: string | undefined;
  /** Called with what the simulator did, once a call. */
  readonly onCall?: (line: LogLine) => void;
};

/**
 * The provider of test leads: documents and answers are those of the account, and every connection leads into the simulator in
 * this process, which is as strict about the document as the account's wire profile is exact.
 */
export function createTestProvider({ account, patterns, timeoutMs, fault, onCall }: Parts): Provider {
  const accountFor = (provider: string): ProviderAccount => toTestAccount(account(accountOf(provider)));
  // Loaded at the first test lead, because most gateways have none.
  let simulator: Promise<InProcessSimulator> | undefined;
  const start = async (): Promise<InProcessSimulator> => {
    const { startInProcess } = await import('../simulator/in-process.ts');
    return startInProcess((path) => {
      const { wire } = account(decodeURIComponent(path.slice(1)));
      return { credentials: CREDENTIALS, rules: { profile: wire }, ...(fault !== undefined && { fault }) };
    }, onCall);
  };
  const client = createProviderClient({
    account: accountFor,
    ...(patterns && { patterns }),
    timeoutMs,
    connect(_target, callback) {
      simulator ??= start();
      simulator.then(
        (started) => callback(null, started.connect()),
        (error: Error) => callback(error, null),
      );
    },
  });
  return {
    send: client.send,
    async close() {
      await client.close();
      (await simulator)?.close();
    },
  };
}

function toTestAccount(account: ProviderAccount): ProviderAccount {
  return { ...account, ...CREDENTIALS, url: `${ENDPOINT}${encodeURIComponent(account.id)}` };
}
