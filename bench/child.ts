import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** `adminUrl`: the operators' listener of a gateway that has one. */
export type Child = { readonly pid: number; readonly url: string; readonly adminUrl?: string; stop(): void };

const CLOCK_TICKS_PER_S = 100;

/** Starts one of the bench's processes and resolves with the address that it prints; its log goes to `logFile`. */
export async function start(script: string, env: Record<string, string>, logFile: string): Promise<Child> {
  const log = openSync(logFile, 'w');
  const child: ChildProcess = spawn(process.execPath, [script], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', log],
  });
  const { pid, stdout } = child;
  if (pid === undefined || !stdout) throw new Error(`${script} could not be spawned`);
  const [url, adminUrl] = await new Promise<[string, string | undefined]>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code} before it listened; see ${logFile}`)));
    createInterface({ input: stdout }).on('line', (line) => {
      const found = /https?:\/\/127\.0\.0\.1:\d+\/?/.exec(line)?.[0];
      if (found) resolve([found, /"adminUrl":"([^"]+)"/.exec(line)?.[1]]);
    });
  });
  child.removeAllListeners('exit');
  return { pid, url, ...(adminUrl !== undefined && { adminUrl }), stop: () => child.kill('SIGKILL') };
}

/** CPU time of a process so far, all threads, user and system, in milliseconds (Linux: proc(5), fields 14 and 15). */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / CLOCK_TICKS_PER_S;
}

/**
 * CPU time so far of a Postgres server with the processes that it has started, those that ended included, in milliseconds.
 *
 * @param folder that of its files
 */
export function serverCpuMs(folder: string): number {
  const server = Number(readFileSync(`${folder}/postmaster.pid`, 'utf8').split('\n')[0]);
  const ticksOf = (pid: number | string, from: number, to: number): number => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return fields.slice(from, to).reduce((sum, ticks) => sum + Number(ticks), 0);
  };
  const children = readFileSync(`/proc/${server}/task/${server}/children`, 'utf8').split(' ').filter(Boolean);
  // Own time, that of children that have ended, and that of those that run (proc(5), fields 14 to 17).
  const ticks = ticksOf(server, 11, 15) + children.reduce((sum, pid) => sum + ticksOf(pid, 11, 13), 0);
  return (ticks * 1_000) / CLOCK_TICKS_PER_S;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
