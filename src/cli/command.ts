import type { Settings } from '../config/settings.ts';
import type { Operations } from '../ops/operations/operations.ts';
import type { LeadRecords, StatsStore } from '../outbox/ports/lead-records.ts';
import type { ProviderStore } from '../outbox/ports/provider-store.ts';

/** What a command's exit tells a script. */
export const EXIT = { ok: 0, failed: 1, usage: 2, notFound: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The command itself is wrong; the message says what would be right. */
export class Misuse extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Misuse';
  }
}

export type Option = {
  readonly type: 'string' | 'boolean';
  /** What its value is called in the help. */
  readonly value?: string;
  readonly help: string;
  /** It may be given more than once. */
  readonly multiple?: true;
};

/** The world outside of a command: a process has one, tests bring their own. */
export interface Io {
  /** Standard output: what was asked for, whole lines. */
  out(text: string): void;
  /** Standard error: previews, questions, progress and complaints. */
  err(text: string): void;
  /** Whether a person is there to answer. */
  readonly interactive: boolean;
  /** Whether standard error can redraw a line. */
  readonly redraws: boolean;
  ask(question: string): Promise<string>;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds since the epoch. */
  now(): number;
  randomBytes(size: number): Buffer;
  /** The person at the keyboard, for the audit. */
  readonly user: string;
}

/** The gateway's database and settings, opened beside a gateway that may be running. */
export type Session = {
  readonly settings: Settings;
  readonly operations: Operations;
  readonly store: Pick<LeadRecords, 'list' | 'show'> &
    Pick<StatsStore, 'stats'> &
    Pick<ProviderStore, 'parked'> & { ready(): Promise<void> };
  /** How far the database server's clock is ahead of ours, in milliseconds, where that is worth a word. */
  readonly skewMs?: number;
  close(): Promise<void>;
};

export type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export type Call = {
  readonly operands: readonly string[];
  readonly values: Values;
  readonly json: boolean;
  readonly io: Io;
  /** For the audit: `cli:<user>`. */
  readonly actor: string;
  /** Opened when first asked for, closed when the command is over. */
  readonly open: () => Promise<Session>;
};

export type Command = {
  /** As it is typed, such as `leads list`. */
  readonly name: string;
  readonly summary: string;
  /** How its operands are called in the help; absent where it takes none. */
  readonly operands?: string;
  readonly options: Readonly<Record<string, Option>>;
  /** More to know, below the options. */
  readonly notes?: string;
  readonly run: (call: Call) => Promise<ExitCode>;
};
