import { DEVELOPMENT_HASH_KEY } from './defaults.ts';
import type { Environment } from './environment.ts';
import { keyBytes, MAKE_KEY } from './formats/secret-key.ts';
import type { Problem } from './problem.ts';
import type { Settings } from './settings.ts';

const REQUIRED = [
  ['DATA_KEY', 'production keeps no readable leads on disk'],
  ['HASH_KEY', 'the key for development is known to everybody'],
] as const;

/** The rules between `DATA_KEY`, `DATA_KEY_PREVIOUS` and `HASH_KEY`; each by itself is checked with its variable. */
export function checkKeys({ values, given }: Environment): Problem[] {
  const { DATA_KEY: data, DATA_KEY_PREVIOUS: previous, HASH_KEY: hash, NODE_ENV } = values;
  const problems: Problem[] = [];
  const refuse = (setting: string, problem: string, fix = MAKE_KEY) => problems.push({ setting, problem, fix });
  if (NODE_ENV === 'production') {
    for (const [name, reason] of REQUIRED) if (!given(name)) refuse(name, `is not set, and ${reason}`);
  }
  if (hash !== undefined && hash === data) refuse('HASH_KEY', 'is the same as DATA_KEY');
  if (hash !== undefined && previous.includes(hash)) refuse('HASH_KEY', 'is one of DATA_KEY_PREVIOUS');
  if (data !== undefined && previous.includes(data)) {
    refuse(
      'DATA_KEY_PREVIOUS',
      'holds DATA_KEY itself',
      'list other keys there: those that were DATA_KEY before, or the next one',
    );
  }
  if (given('DATA_KEY_PREVIOUS') && !given('DATA_KEY')) {
    refuse('DATA_KEY_PREVIOUS', 'is set, and DATA_KEY is not', 'set DATA_KEY too, to the key of new leads');
  }
  return problems;
}

/** The keys' bytes: the current one first. */
export function buildKeys({ values }: Environment): Settings['keys'] {
  const { DATA_KEY: data, DATA_KEY_PREVIOUS: previous, HASH_KEY: hash } = values;
  return {
    data: data === undefined ? [] : [data, ...previous].map(keyBytes),
    hash: hash === undefined ? DEVELOPMENT_HASH_KEY : keyBytes(hash),
  };
}
