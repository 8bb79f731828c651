import { hash } from 'node:crypto';
import type { Deprecation } from '../src/http/versions.ts';

/** The parts of an OpenAPI document that are read here. */
export type ApiDocument = {
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components?: unknown;
};

/** Members that say something to people and change nothing for programs. */
const PROSE: ReadonlySet<string> = new Set(['title', 'description', 'summary', 'example', 'examples', 'tags']);
/** Members whose own members are names that the API gives, such as a field `title`. */
const NAMES: ReadonlySet<string> = new Set(['properties', 'schemas', 'paths', 'headers', 'content', 'responses']);

/** A short text that changes with everything of the contract that a program could depend on, and with no wording. */
export function contractFingerprint({ paths, components }: ApiDocument): string {
  return hash('sha256', JSON.stringify(withoutProse({ paths, components }, false))).slice(0, 16);
}

function withoutProse(value: unknown, isNames: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutProse(item, false));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => isNames || !PROSE.has(name));
  return Object.fromEntries(kept.map(([name, one]) => [name, withoutProse(one, !isNames && NAMES.has(name))]));
}

/** An entry of the changelog: a heading `## 0.1.0`, and below it the fingerprint of the contract that it describes. */
const ENTRY = /^## (\S+).*\n+Contract: `([0-9a-f]*)`/m;

/**
 * What the changelog of the API does not say of the document: its version and contract in the newest entry, each operation, and
 * all that is deprecated.
 */
export function changelogMistakes(
  changelog: string,
  document: ApiDocument,
  deprecations: readonly Deprecation[],
): string[] {
  const [, version, contract] = ENTRY.exec(changelog) ?? [];
  const fingerprint = contractFingerprint(document);
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const unnamed = [
    ...operations,
    ...deprecations.flatMap(({ operation, field, since, sunset }) => [operation, field, since, sunset]),
  ]
    .filter((text) => text !== undefined)
    .filter((text) => !changelog.includes(`\`${text}\``));
  return [
    ...(version === document.info.version ? [] : [`Its newest entry is not of version ${document.info.version}.`]),
    ...(contract === fingerprint
      ? []
      : [`The contract has changed: say how in the newest entry, and write "Contract: \`${fingerprint}\`" there.`]),
    ...unnamed.map((text) => `It does not name \`${text}\`.`),
  ];
}
