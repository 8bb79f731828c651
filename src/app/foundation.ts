import type { Logger } from 'pino';
import type { Counting } from '../admin/counting.ts';
import type { LiveSettings } from '../config/live.ts';
import type { Accounts } from '../config/providers.ts';
import type { Settings } from '../config/settings.ts';
import type { Outbox } from '../domain/ports/outbox.ts';
import type { SharedCounts } from '../http/limits/shared-counts.ts';
import type { Hashing } from '../leads/hashing.ts';
import type { Disposers } from '../lib/disposers.ts';

/** What the running parts stand on. */
export type Foundation = {
  readonly settings: Settings;
  readonly live: LiveSettings;
  readonly log: Logger;
  readonly version: string;
  readonly disposers: Disposers;
  readonly hashing: Hashing;
  readonly accounts: Accounts;
  readonly outbox: Outbox;
  /** Who counts what happens: nobody, until the operators' listener is there. */
  readonly counting: { by: Counting };
  /** Counts callers over all replicas, where there is a server for it. */
  readonly sharedCounts: SharedCounts | undefined;
  /** A hash of what the account logs in with; `undefined` for one that is gone. */
  readonly credentials: (provider: string) => string | undefined;
};
