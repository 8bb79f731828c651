import { resolve } from 'node:path';
import { editDistance } from '../lib/text.ts';
import type { Mistake, Problem } from './problem.ts';
import { type ReadFile, readSecret } from './read-file.ts';
import { compile } from './schema/validate.ts';
import { VARIABLES, type Values, type Variable, type VariableName } from './schema/variables.ts';

export type Environment = {
  readonly values: Values;
  /** Whether a variable or its twin was set at all, even to an invalid value. */
  readonly given: (name: VariableName) => boolean;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
};

type Source = { readonly name: string; readonly text: string };

const rows = Object.entries(VARIABLES) as [VariableName, Variable][];
const validate = compile({
  type: 'object',
  properties: Object.fromEntries(rows.map(([name, { schema }]) => [name, schema])),
});

/**
 * Reads every setting of the table from variables and `…_FILE` twins. An empty variable counts as unset, because compose
 * files pass empty ones on. Invalid values are listed as problems and replaced by their fallbacks.
 */
export function readEnvironment(env: NodeJS.ProcessEnv, readFile: ReadFile, cwd: string): Environment {
  const problems: Problem[] = [];
  const warnings = [...warnOfUnknown(env), ...warnOfNode(env)];
  const sources = new Map<VariableName, Source>();
  const given = new Set<VariableName>();
  for (const [name, row] of rows) {
    const found = findSource(name, row, env, readFile, cwd);
    if (found === undefined) continue;
    given.add(name);
    if ('problem' in found) problems.push(found);
    else sources.set(name, found);
    if (row.secret && 'text' in found) {
      warnings.push(...doubtsAbout(found.text).map((doubt) => ({ setting: found.name, ...doubt })));
    }
  }
  const values: Record<string, unknown> = {};
  for (const [name, { text }] of sources) values[name] = toValue(VARIABLES[name], text);
  for (const { pointer, problem, fix } of validate(values)) {
    const [, name = '', item] = pointer.split('/');
    const setting = sources.get(name as VariableName)?.name ?? name;
    const what = item === undefined ? problem : `${problem} (item ${Number(item) + 1})`;
    const quoted = isQuoted(sources.get(name as VariableName)?.text ?? '');
    problems.push({ setting, problem: what, fix: quoted ? `${fix}; ${WITHOUT_QUOTES}` : fix });
    delete values[name];
  }
  for (const [name, row] of rows) values[name] ??= row.fallback;
  return { values: values as Values, given: (name) => given.has(name), problems, warnings };
}

const WITHOUT_QUOTES = 'leave out the quotes around it: docker --env-file and most secret files keep them';

/** Whether a text is in quotes, which a shell would have removed. */
function isQuoted(text: string): boolean {
  return /^(["']).*\1$/s.test(text.trim()) && text.trim().length > 1;
}

/** Characters around a secret that are probably not meant: white space or quotes. */
export function doubtsAbout(secret: string): Mistake[] {
  const doubts: Mistake[] = [];
  if (secret.trim() !== secret) {
    doubts.push({ problem: 'begins or ends with white space', fix: 'remove it unless it is meant' });
  }
  if (isQuoted(secret)) {
    doubts.push({
      problem: 'is in quotes, which are part of the value',
      fix: `unless they are meant, ${WITHOUT_QUOTES}`,
    });
  }
  return doubts;
}

/** Warns of Node's own switch that turns the verification of certificates off: the gateway's connections do not obey it. */
function warnOfNode(env: NodeJS.ProcessEnv): Problem[] {
  if (env.NODE_TLS_REJECT_UNAUTHORIZED !== '0') return [];
  return [
    {
      setting: 'NODE_TLS_REJECT_UNAUTHORIZED',
      problem:
        'has no effect here: certificates of the provider, of stores, webhooks and mail servers are always verified',
      fix: 'unset it; NODE_EXTRA_CA_CERTS names the file of an authority of your own',
    },
  ];
}

function findSource(
  name: VariableName,
  row: Variable,
  env: NodeJS.ProcessEnv,
  readFile: ReadFile,
  cwd: string,
): Source | Problem | undefined {
  const text = env[name] ?? '';
  const twin = `${name}_FILE`;
  const path = row.twin === false ? '' : (env[twin] ?? '');
  if (path === '') return text === '' ? undefined : { name, text };
  if (text !== '') {
    return { setting: name, problem: `is set, and so is ${twin}`, fix: 'set one of the two' };
  }
  // A list may be empty: where its file is always mounted, an empty file means an empty list.
  const read = readSecret(readFile, resolve(cwd, path), { mayBeEmpty: isList(row.schema) });
  if ('mistake' in read) return { setting: twin, ...read.mistake };
  return read.text === '' ? undefined : { name: twin, text: read.text };
}

/** Converts a text to its schema's type. A text that is not a number stays a text, and the schema refuses it. */
function toValue({ schema }: Variable, text: string): unknown {
  if (isInteger(schema)) return toInteger(text);
  if (!isList(schema)) return text;
  const items = text.split(',').map((item) => item.trim());
  return 'items' in schema && isInteger(schema.items) ? items.map(toInteger) : items;
}

function isList(schema: unknown): boolean {
  return isOfType(schema, 'array');
}

function isInteger(schema: unknown): boolean {
  return isOfType(schema, 'integer');
}

function isOfType(schema: unknown, type: string): boolean {
  return typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === type;
}

function toInteger(text: string): number | string {
  return /^-?(0|[1-9]\d*)$/.test(text) ? Number(text) : text;
}

/** Prefixes that only this program uses: an unknown variable that begins with one is a misspelt setting. */
const PREFIXES = [
  'PROVIDER_',
  'UPSTREAM_',
  'RATE_LIMIT_',
  'LISTING_DETAILS_',
  'TRUST_PROXY',
  'CONFIG_FILE',
  'RETRY_SCHEDULE',
  'UNKNOWN_RESEND',
  'DATA_KEY',
  'HASH_KEY',
];

const names = Object.entries<Variable>(VARIABLES).flatMap(([name, row]) =>
  row.twin === false ? [name] : [name, `${name}_FILE`],
);
const known = new Set(names);

/**
 * Warns of variables that look like misspelt settings, by their prefix or because one edit makes them a setting. They are
 * never refused, because the environment belongs to other programs too.
 */
function warnOfUnknown(env: NodeJS.ProcessEnv): Problem[] {
  return Object.keys(env)
    .filter((name) => !known.has(name) && env[name] !== '')
    .flatMap((name) => {
      const meant = closest(name);
      if (meant === undefined) return [];
      return [{ setting: name, problem: 'is no setting of this program', fix: `did you mean ${meant}?` }];
    });
}

function closest(name: string): string | undefined {
  const ours = PREFIXES.some((prefix) => name.startsWith(prefix));
  // Most variables resemble no setting; computing every distance would slow each start down.
  const candidates = ours ? names : names.filter((candidate) => mayBeNear(name, candidate));
  const [best] = candidates
    .map((candidate) => ({ candidate, distance: distanceOf(name, candidate) }))
    .sort((left, right) => left.distance - right.distance);
  if (best === undefined) return undefined;
  return ours || (best.distance <= 1 && name.length >= 8) ? best.candidate : undefined;
}

function mayBeNear(name: string, candidate: string): boolean {
  return Math.abs(name.length - candidate.length) <= 1 || candidate.startsWith(name);
}

/** A missing end counts as one edit: `UPSTREAM_TIMEOUT` means `UPSTREAM_TIMEOUT_MS`. */
function distanceOf(name: string, candidate: string): number {
  return name.includes('_') && candidate.startsWith(name) ? 1 : editDistance(name, candidate);
}
