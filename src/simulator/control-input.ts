import { faultNamed } from './faults/table.ts';
import type { Order } from './plan.ts';
import { type Credentials, ORDERS, type Profile, type Rules } from './rules.ts';

/** The input of the control API is invalid. `message` says what is valid. */
export class BadInput extends Error {
  override readonly name = 'BadInput';
}

const MAX_DELAY_MS = 600_000;
const MAX_COUNT = 1_000_000;
const MAX_INT32 = 2_147_483_647;

type Input = Record<string, unknown>;

/** `{ fault, delayMs?, retryAfter? }`, times in milliseconds and seconds. Throws `BadInput`. */
export function orderFrom(input: Input): Order {
  const { fault: name = 'delivered' } = input;
  const fault = typeof name === 'string' ? faultNamed(name) : undefined;
  if (fault === undefined) throw new BadInput('fault: one of the names that GET /control/faults lists');
  const delayMs = integer(input, 'delayMs', 0, MAX_DELAY_MS);
  const retryAfterS = integer(input, 'retryAfter', 0, MAX_INT32);
  return { fault, ...(delayMs !== undefined && { delayMs }), ...(retryAfterS !== undefined && { retryAfterS }) };
}

/** `{ count? }`, one where it is absent. Throws `BadInput`. */
export function countFrom(input: Input): number {
  return integer(input, 'count', 1, MAX_COUNT) ?? 1;
}

/** `{ providerId, username, password }`, all of them. Throws `BadInput`. */
export function credentialsFrom(input: Input): Credentials {
  const providerId = integer(input, 'providerId', 1, MAX_INT32);
  const { username, password } = input;
  if (providerId === undefined || typeof username !== 'string' || typeof password !== 'string')
    throw new BadInput('providerId, username and password: all three');
  return { providerId, username, password };
}

/** Any of the rules. Absent rules stay unchanged. Throws `BadInput`. */
export function rulesFrom(input: Input, current: Rules): Rules {
  const rules: Rules = { ...current, ...input };
  for (const name of ['root', 'namespace'] as const) {
    if (typeof rules[name] !== 'string') throw new BadInput(`${name}: a text`);
  }
  for (const name of ['namespaceSensitive', 'textXmlOnly'] as const) {
    if (typeof rules[name] !== 'boolean') throw new BadInput(`${name}: true or false`);
  }
  profileFrom(rules.profile);
  if (!ORDERS.includes(rules.order)) throw new BadInput(`order: one of ${ORDERS.join(', ')}`);
  return rules;
}

/** Takes a wire profile, or null for none. The gateway checks one by its schema; here its form alone. Throws `BadInput`. */
export function profileFrom(value: unknown): Profile | null {
  if (value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new BadInput('profile: the wire object of a configuration file, or null');
  }
  const profile: Profile = value;
  if (profile.soap && profile.soap.version !== '1.1' && profile.soap.version !== '1.2') {
    throw new BadInput('profile: soap.version is 1.1 or 1.2');
  }
  return profile;
}

/** Parses JSON text to an object with no other keys than `keys`. Throws `BadInput`. */
export function objectFrom(text: string, keys: readonly string[]): Input {
  let value: unknown;
  try {
    value = text.trim() === '' ? {} : JSON.parse(text);
  } catch {
    throw new BadInput('the body: a JSON object');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadInput('the body: a JSON object');
  if (Object.keys(value).some((key) => !keys.includes(key)))
    throw new BadInput(`the body: no keys but ${keys.join(', ')}`);
  return { ...value };
}

function integer(input: Input, name: string, min: number, max: number): number | undefined {
  const value = input[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max)
    throw new BadInput(`${name}: an integer from ${min} to ${max}`);
  return value;
}
