import { createHash } from 'node:crypto';
import type { Test } from 'tap';
import { type LoadedSettings, loadSettings } from '../../../src/config/load.ts';
import { ConfigurationError, type Problem } from '../../../src/config/problem.ts';

/** Files by absolute path; any other cannot be read. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

export const CONFIG_PATH = '/etc/gateway/config.jsonc';

/** Loads from these variables and files alone, in the directory `/app`. */
export function load(env: NodeJS.ProcessEnv, files: Files = {}): LoadedSettings {
  return loadSettings(env, {
    cwd: '/app',
    readFile: (path) => {
      const content = files[path];
      if (content === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      return Buffer.from(content);
    },
  });
}

/** Loads with a configuration file, given as a value or as its text, and with the keys that production requires. */
export function loadFile(content: unknown, env: NodeJS.ProcessEnv = {}, files: Files = {}): LoadedSettings {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return load({ CONFIG_FILE: CONFIG_PATH, ...KEYS, ...env }, { [CONFIG_PATH]: text, ...files });
}

/** The mistakes that loading ends with. */
export function mistakes(t: Test, attempt: () => unknown): readonly Problem[] {
  const { problems } = refusal(attempt);
  t.ok(problems.length > 0);
  return problems;
}

/** The error that loading ends with. */
export function refusal(attempt: () => unknown): ConfigurationError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
  throw new Error('The settings load, although something is wrong.');
}

/** Says what a test needs to know of each mistake: its setting. */
export function settingsOf(problems: readonly Problem[]): string[] {
  return problems.map(({ setting }) => setting);
}

export const ACCOUNT = { PROVIDER_ID: '1001', PROVIDER_USERNAME: 'user', PROVIDER_PASSWORD: 'word' } as const;

/** What production requires besides a file. */
export const KEYS = { DATA_KEY: keyOf('data'), HASH_KEY: keyOf('hash') } as const;

/** A key that looks as random as a real one, the same in every run. */
export function keyOf(name: string): string {
  return createHash('sha256').update(name).digest('base64');
}

export const KEY_HASH = `sha256:${'ab'.repeat(32)}`;

/** A file in which nothing is wrong, with the account `main`; a test changes what it is about. */
export function soundFile() {
  return {
    sites: {
      motors: {
        name: 'Motors',
        origins: ['https://motors.example'],
        targets: { advertiserIds: ['1659'], merchantIds: [20418] },
        defaultTarget: { advertiserId: '1659' },
        country: 'US',
        provider: 'main',
      },
    },
    partners: { crm: { keys: [KEY_HASH], sites: ['motors'], defaultSite: 'motors' } },
    providers: { main: { providerId: 1002, username: 'user', password: 'word' } },
  };
}

/** That file with the value at a pointer replaced, or removed where it is `undefined`. */
export function fileWith(pointer: string, value: unknown): unknown {
  const file = soundFile();
  const names = pointer.split('/').slice(1);
  const last = names.pop() ?? '';
  let parent: Record<string, unknown> = file;
  for (const name of names) {
    parent[name] ??= {};
    parent = parent[name] as Record<string, unknown>;
  }
  parent[last] = value;
  return file;
}
