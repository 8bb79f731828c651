import { parentPort, workerData } from 'node:worker_threads';
import { partsOf } from './background.ts';

/** The thread that reads a large configuration file: it answers each message with the next part of the settings. */
const { env } = workerData as { readonly env: NodeJS.ProcessEnv };
const parts = partsOf(env);
parentPort?.on('message', () => parentPort?.postMessage(parts.next().value));
