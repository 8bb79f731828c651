import type {
  EntryKind,
  EntryName,
  EntryStore,
  EntrySummary,
  NewEntry,
  StoredEntry,
} from '../../domain/ports/entry-store.ts';
import type { Page, PageRequest } from '../../domain/ports/lead-records.ts';
import { isoTime } from '../../lib/clock.ts';
import { CHUNK, checkLines, type EntryChecker, nameOf } from './entry-import.ts';
import { OperationError } from './input.ts';

/** How often a change without an expected version is tried again after somebody else changed the entry. */
const TRIES = 5;

export type EntryView = {
  readonly key: string;
  readonly title: string;
  readonly version: number;
  readonly changedAt: string;
  readonly changedBy: string;
};

export type EntryDetails = EntryView & {
  /** As the configuration file would have it, without secrets. */
  readonly content: unknown;
  /** JSON pointers of the secrets that are stored and not shown. */
  readonly sealed: readonly string[];
};

export type EntryVersionView = {
  readonly version: number;
  readonly changedAt: string;
  readonly changedBy: string;
  /** Absent: this version is a removal. */
  readonly content?: unknown;
};

export type EntryChangeView = { readonly version: number; readonly change: 'created' | 'replaced' | 'unchanged' };

export type ImportView = Readonly<Record<EntryChangeView['change'], number>>;

/** The version that a change expects: a number, 0 for none, `any` for one that exists. */
export type Expected = number | 'any';

/**
 * The operations on entries of the configuration that are kept in the store, the same for the command line, the admin API and the
 * console. They reject with OperationError `rejected` (the entry is wrong; a line for each mistake), `not_found`, `conflict`
 * (another version than expected) and `in_use`, and with StorageUnavailable.
 */
export interface EntryOperations {
  list(kind: EntryKind, page: PageRequest & { readonly search?: string }): Promise<Page<EntryView>>;
  show(kind: EntryKind, key: string): Promise<EntryDetails>;
  /** Newest first; also of a removed entry. */
  history(kind: EntryKind, key: string, page: PageRequest): Promise<Page<EntryVersionView>>;
  /** @param text the entry as the configuration file would have it; a secret that it leaves out stays as it is */
  put(
    kind: EntryKind,
    key: string,
    text: string,
    options: { readonly actor: string; readonly expected?: Expected | undefined },
  ): Promise<EntryChangeView>;
  remove(
    kind: EntryKind,
    key: string,
    options: { readonly actor: string; readonly expected?: Expected | undefined },
  ): Promise<void>;
  /**
   * Stores entries, a line of JSON each: `{"kind":"site","key":"…","content":{…}}`. Nothing is stored if any of them is wrong.
   *
   * @param options `kind`: of lines that name none, and the only one that is taken. `dryRun`: only checks
   */
  importLines(
    lines: readonly string[],
    options: {
      readonly kind: EntryKind;
      readonly actor: string;
      readonly dryRun?: boolean;
      readonly onProgress?: (done: number, total: number) => void;
    },
  ): Promise<ImportView>;
  /** The entries of a kind as `importLines` takes them, without secrets: parts of many lines each. */
  exportLines(kind: EntryKind): AsyncGenerator<string>;
}

type Parts = {
  readonly store: EntryStore;
  /** A checker that knows what is configured now. */
  readonly checker: () => Promise<EntryChecker>;
  /** Called after a change; resolves when the change is in effect in this process. */
  readonly onChanged?: () => Promise<void>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

export function createEntryOperations({
  store,
  checker,
  onChanged = async () => undefined,
  now,
}: Parts): EntryOperations {
  const storeChunk = async (entries: readonly NewEntry[], actor: string) => {
    const result = await store.putEntries(entries, { actor, at: now() });
    if (result.kind === 'missing')
      throw new OperationError('rejected', `${nameOf(result.entry)} names no ${result.uses.kind}: ${result.uses.key}`);
    return result;
  };

  return {
    async list(kind, page) {
      const { items, ...next } = await store.listEntries(kind, page);
      return { items: items.map(toView), ...next };
    },
    async show(kind, key) {
      const [entry] = await store.readEntries(kind, [key]);
      if (!entry) throw notFound(kind, key);
      return toDetails(entry);
    },
    async history(kind, key, page) {
      const { items, ...next } = await store.entryHistory({ kind, key }, page);
      if (items.length === 0 && page.after === undefined) throw notFound(kind, key);
      const views = items.map(({ version, at, actor, content }) => ({
        version,
        changedAt: isoTime(at),
        changedBy: actor,
        ...(content !== undefined && { content: JSON.parse(content) as unknown }),
      }));
      return { items: views, ...next };
    },
    async put(kind, key, text, { actor, expected }) {
      for (let tries = 1; ; tries += 1) {
        const [former] = await store.readEntries(kind, [key]);
        requireVersion({ kind, key }, former, expected);
        const checked = (await checker()).check(kind, key, text, former);
        if ('problems' in checked) throw new OperationError('rejected', checked.problems.join('\n'));
        const result = await storeChunk([{ ...checked.entry, expected: former?.version ?? 0 }], actor);
        if (result.kind === 'conflict') {
          if (expected === undefined && tries < TRIES) continue;
          throw conflict({ kind, key }, result.version);
        }
        await onChanged();
        return result.entries[0] as EntryChangeView;
      }
    },
    async remove(kind, key, { actor, expected }) {
      const name = { kind, key };
      const version = typeof expected === 'number' ? expected : undefined;
      const result = await store.removeEntry(name, { actor, at: now() }, version);
      if (result.kind === 'absent') throw notFound(kind, key);
      if (result.kind === 'conflict') throw conflict(name, result.version);
      if (result.kind === 'in_use')
        throw new OperationError(
          'in_use',
          `${nameOf(name)} is in use by ${result.users.map(nameOf).join(', ')}; change or delete those first`,
        );
      await onChanged();
    },
    async importLines(lines, { kind, actor, dryRun = false, onProgress = () => undefined }) {
      const entries = await checkLines(lines, kind, store, await checker());
      const counts = { created: 0, replaced: 0, unchanged: 0 };
      if (dryRun) return counts;
      for (let start = 0; start < entries.length; start += CHUNK) {
        const chunk = entries.slice(start, start + CHUNK);
        const result = await storeChunk(chunk, actor);
        if (result.kind === 'conflict')
          throw new OperationError(
            'conflict',
            `${nameOf(result.entry)} was changed during the import; import again: what is stored already stays`,
          );
        for (const { change } of result.entries) counts[change] += 1;
        onProgress(Math.min(entries.length, start + CHUNK), entries.length);
      }
      await onChanged();
      return counts;
    },
    async *exportLines(kind) {
      for (let after: string | undefined; ; ) {
        const page = await store.pageOfEntries(kind, { limit: CHUNK, ...(after !== undefined && { after }) });
        const lines = page.items.map(({ key, content }) =>
          JSON.stringify({ kind, key, content: JSON.parse(content) as unknown }),
        );
        if (lines.length > 0) yield `${lines.join('\n')}\n`;
        if (page.next === undefined) return;
        after = page.next;
      }
    },
  };
}

function requireVersion(name: EntryName, former: EntrySummary | undefined, expected: Expected | undefined): void {
  const version = former?.version ?? 0;
  if (expected === undefined || (expected === 'any' ? version > 0 : expected === version)) return;
  throw conflict(name, version);
}

function conflict(name: EntryName, version: number): OperationError {
  const is = version === 0 ? `there is no ${name.kind} ${name.key}` : `${nameOf(name)} has version ${version} now`;
  return new OperationError('conflict', `${is}; read it again before you change it`);
}

function notFound(kind: EntryKind, key: string): OperationError {
  return new OperationError('not_found', `there is no ${kind} ${key.slice(0, 64)} in the store`);
}

function toView({ key, title, version, at, actor }: EntrySummary): EntryView {
  return { key, title, version, changedAt: isoTime(at), changedBy: actor };
}

function toDetails(entry: StoredEntry): EntryDetails {
  const sealed = entry.secrets === undefined ? ['no configured DATA_KEY opens them'] : Object.keys(entry.secrets);
  return { ...toView(entry), content: JSON.parse(entry.content) as unknown, sealed };
}
