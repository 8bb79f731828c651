import type { Settings } from '../config/settings.ts';

/** On the port that was asked for, or on any free one: a second gateway on the machine is no reason not to start. */
export async function startBundledSimulator({ simulatorHost: host, simulatorPort }: Settings) {
  const { startSimulator, DEMO_CREDENTIALS } = await import('../simulator/server.ts');
  const start = (port: number) => startSimulator({ host, port, credentials: DEMO_CREDENTIALS });
  return start(simulatorPort).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    return start(0);
  });
}
