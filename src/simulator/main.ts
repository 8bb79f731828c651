import { readFileSync } from 'node:fs';
import { profileFrom } from './control-input.ts';
import { type Credentials, DEMO_CREDENTIALS, startSimulator } from './server.ts';

const { SIMULATOR_HOST = '127.0.0.1', SIMULATOR_PORT = '8090', SIMULATOR_WIRE_FILE } = process.env;

try {
  const credentials = credentialsFrom(process.env);
  const simulator = await startSimulator({
    host: SIMULATOR_HOST,
    port: integer('SIMULATOR_PORT', SIMULATOR_PORT, 65_535),
    credentials,
    ...(SIMULATOR_WIRE_FILE && { strict: { profile: readProfile(SIMULATOR_WIRE_FILE) } }),
  });
  console.log(`Provider  ${simulator.endpoint}`);
  console.log(`Accepts   provider ${credentials.providerId}, user ${credentials.username}`);
  console.log(`Inbox     ${simulator.inboxUrl}`);
  // `on` and not `once`: under npm one Ctrl-C arrives twice, from the terminal and from npm.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => void simulator.close());
} catch (error) {
  console.error(`The simulator cannot start: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

/** The `wire` object of a configuration file, alone in a file of its own; an object around it that names it may be there. */
function readProfile(file: string) {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new Error('SIMULATOR_WIRE_FILE is no readable file of JSON');
  }
  const isNamed = typeof content === 'object' && content !== null && 'wire' in content;
  return profileFrom(isNamed ? (content as { wire: unknown }).wire : content);
}

function credentialsFrom(env: NodeJS.ProcessEnv): Credentials {
  const { SIMULATOR_PROVIDER_ID: id, SIMULATOR_USERNAME: username, SIMULATOR_PASSWORD: password } = env;
  return {
    providerId: id === undefined ? DEMO_CREDENTIALS.providerId : integer('SIMULATOR_PROVIDER_ID', id, 2_147_483_647),
    username: username ?? DEMO_CREDENTIALS.username,
    password: password ?? DEMO_CREDENTIALS.password,
  };
}

function integer(name: string, text: string, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > max) throw new Error(`${name} must be an integer from 0 to ${max}`);
  return value;
}
