import type { Environment } from './environment.ts';
import type { Problem } from './problem.ts';

const TOKENS = ['ADMIN_TOKEN', 'METRICS_TOKEN'] as const;
const FIX = 'use a random token, as openssl rand -base64 32 prints one';

/** A token of fewer different characters is not random, for example one character many times. */
const LEAST_DIFFERENT = 4;
/** 16 random hexadecimal digits, the shortest token, have ten different ones; fewer than eight are rare. */
const RANDOM_DIFFERENT = 8;
/** Words of documents and examples, which a guess begins with. */
const COMMON =
  /token|secret|password|admin|operator|metrics|gateway|example|change|replace|letmein|qwerty|12345|abcdef/i;

/** Refuses tokens that consist of a character or two. */
export function checkTokens({ values }: Environment): Problem[] {
  return TOKENS.flatMap((setting) => {
    const token = values[setting];
    if (token === undefined || new Set(token).size >= LEAST_DIFFERENT) return [];
    return [{ setting, problem: 'consists of very few different characters', fix: FIX }];
  });
}

/** Warns of tokens that could be guessed although they are long: words, and a short part that is repeated. */
export function warnOfTokens({ values }: Environment): Problem[] {
  return TOKENS.flatMap((setting) => {
    const token = values[setting];
    const problem = token === undefined ? undefined : weaknessOf(token);
    return problem === undefined ? [] : [{ setting, problem, fix: FIX }];
  });
}

function weaknessOf(token: string): string | undefined {
  if (/^(.{1,16}?)\1+.{0,15}$/.test(token)) return 'repeats a short text, so it can be guessed';
  if (COMMON.test(token)) return 'contains a common word, so it may be guessed';
  // Random text of 32 characters in base64 or hexadecimal has no digit once in a thousand times.
  if (/^[A-Za-z]+([^A-Za-z0-9][A-Za-z]+)*$/.test(token)) return 'consists of words, so it may be guessed';
  return new Set(token).size < RANDOM_DIFFERENT
    ? 'consists of few different characters, so it may be guessed'
    : undefined;
}
