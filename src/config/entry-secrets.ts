import type { EntryKind, EntrySecrets } from '../domain/ports/entry-store.ts';
import type { Located } from './schema/validate.ts';

/** What was stored of an entry before: its secrets stay where the new content does not have them. */
export type FormerEntry = { readonly content: string; readonly secrets?: EntrySecrets };

/** An object of an entry, in JSON. */
export type Content = Readonly<Record<string, unknown>>;

/** The mistakes of an entry that names files. */
export function fileMistakes(kind: EntryKind, at: string, value: unknown): Located[] {
  return placesOf(kind, value).flatMap(({ pointer, object }) =>
    Object.keys(object)
      .filter((name) => name.endsWith('File'))
      .map((name) => ({
        pointer: `${at}${pointer}/${name}`,
        problem: 'names a file, which an entry of the store cannot',
        fix: `write ${name.slice(0, -4)} itself; a secret is sealed`,
      })),
  );
}

/** The objects of an entry that may hold secrets, with their pointers. */
export function placesOf(kind: EntryKind, value: unknown): { readonly pointer: string; readonly object: Content }[] {
  if (typeof value !== 'object' || value === null) return [];
  if (kind === 'provider') return [{ pointer: '', object: value as Content }];
  const { callbacks } = value as { readonly callbacks?: unknown };
  if (!Array.isArray(callbacks)) return [];
  return callbacks.flatMap((object: unknown, index) =>
    typeof object === 'object' && object !== null
      ? [{ pointer: `/callbacks/${index}`, object: object as Content }]
      : [],
  );
}

export const SECRETS = {
  site: ['secret', 'previousSecret'],
  partner: ['secret', 'previousSecret'],
  provider: ['password'],
} as const;

/** The content with the secrets of the former one where it has none: of an account, and of a callback with the same URL. */
export function keepSecrets(kind: EntryKind, value: unknown, former: FormerEntry | undefined): unknown {
  if (former?.secrets === undefined || typeof value !== 'object' || value === null || Array.isArray(value))
    return value;
  const { secrets } = former;
  const [main] = SECRETS[kind];
  const before = placesOf(kind, JSON.parse(former.content));
  const kept = new Map(
    placesOf(kind, value).flatMap(({ pointer, object }) => {
      const same = before.find((one) => one.object.url === object.url || kind === 'provider');
      if (same === undefined || object[main] !== undefined || object[`${main}File`] !== undefined) return [];
      const found = SECRETS[kind].flatMap((name) => {
        const secret = secrets[`${same.pointer}/${name}`];
        return secret === undefined ? [] : [[name, secret]];
      });
      return [[pointer, Object.fromEntries(found) as Content]];
    }),
  );
  return mapPlaces(kind, value as Content, (object, pointer) => ({ ...object, ...kept.get(pointer) }));
}

/** The content with each of its objects that may hold secrets replaced. */
export function mapPlaces(
  kind: EntryKind,
  value: Content,
  map: (object: Content, pointer: string) => Content,
): Content {
  if (kind === 'provider') return map(value, '');
  const { callbacks } = value;
  if (!Array.isArray(callbacks)) return value;
  const mapped = callbacks.map((one: unknown, index) =>
    typeof one === 'object' && one !== null ? map(one as Content, `/callbacks/${index}`) : one,
  );
  return { ...value, callbacks: mapped };
}
