import { checkAgainstStore, readParts } from '../../app/stored.ts';
import { ConfigurationError, formatProblems } from '../../config/problem.ts';
import type { Settings } from '../../config/settings.ts';
import { ENTRY_KINDS, type EntryKind } from '../../domain/ports/entry-store.ts';
import type { ProviderAccount } from '../../domain/provider.ts';
import { type Finding, plural, reasonOf } from '../output.ts';
import type { Session } from '../session.ts';

type StoredFindings = {
  readonly findings: readonly Finding[];
  /** The accounts of the store, whose endpoints are checked like the others. */
  readonly providers: ReadonlyMap<string, ProviderAccount>;
};

const NOTHING: StoredFindings = { findings: [], providers: new Map() };

/**
 * Checks the entries of the store: whether the settings are at odds with them, which would end a start, and whether partners and
 * accounts can be used. Sites are not counted: there may be 100,000 of them. Says nothing without a usable database.
 */
export async function checkEntries(settings: Settings, open: () => Promise<Session>): Promise<StoredFindings> {
  const session = await open().catch(() => undefined);
  if (session === undefined) return NOTHING;
  try {
    const { kinds } = await session.store.entryState();
    if (kinds.size === 0) return NOTHING;
    const unreadable: string[] = [];
    const { partners, providers } = await readParts(session.store, settings, ({ kind, key }) =>
      unreadable.push(`${kind} ${key}`),
    );
    const counts: Readonly<Record<EntryKind, string>> = {
      site: 'sites',
      partner: plural(partners.size, 'partner'),
      provider: plural(providers.size, 'provider account'),
    };
    const detail = ENTRY_KINDS.filter((kind) => kinds.has(kind)).map((kind) => counts[kind]);
    const problems = [
      ...unreadable.map((name) => `${name} cannot be used: no configured DATA_KEY opens its secrets`),
      ...(await conflicts(settings, session)),
    ];
    const findings: Finding[] = [
      { name: 'store', result: 'ok', detail: `has ${detail.join(', ')}` },
      ...problems.map((problem): Finding => ({ name: 'store', result: 'problem', detail: problem })),
    ];
    return { findings, providers };
  } catch (error) {
    const detail = `its entries cannot be read (${reasonOf(error)})`;
    return { ...NOTHING, findings: [{ name: 'store', result: 'problem', detail }] };
  }
}

async function conflicts(settings: Settings, { store }: Session): Promise<readonly string[]> {
  try {
    await checkAgainstStore(settings, store);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return formatProblems(error);
    throw error;
  }
}
