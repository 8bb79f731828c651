import { fork } from 'node:child_process';
import { once } from 'node:events';
import { median } from '../child.ts';
import type { Order, Result } from '../open-loop.ts';
import { contentOf } from './entries.ts';
import { siteKeyOf } from './names.ts';
import type { Program } from './program.ts';

export type Changes = { readonly seconds: number; readonly rate: number; readonly sites: number };

/**
 * Leads come in at a fixed rate for random sites while one site changes every second. Every lead must be taken, since no change
 * concerns what a lead needs. Gives a line of the figures.
 */
export async function changeUnderLoad(program: Program, { seconds, rate, sites }: Changes): Promise<string> {
  const generator = fork(new URL('../open-loop.ts', import.meta.url), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  try {
    await send(generator, { url: program.url, seconds: 3, rate, sites });
    const memory = [program.memory()];
    const stalls: number[] = [await program.stall()];
    const took: number[] = [];
    let over = false;
    const load = send(generator, { url: program.url, seconds, rate, sites }).finally(() => {
      over = true;
    });
    const begun = performance.now();
    for (let n = 0; !over; n += 1) {
      const before = performance.now();
      // Sites all over the table, and of those that are in memory.
      const site = (n * 7_919) % sites;
      await program.admin('PUT', `/sites/${siteKeyOf(site)}`, JSON.stringify(contentOf(site, `Changed ${n}`)));
      took.push(performance.now() - before);
      if (n % 10 === 9) {
        memory.push(program.memory());
        stalls.push(await program.stall());
      }
      await new Promise((next) => setTimeout(next, Math.max(1, begun + (n + 1) * 1_000 - performance.now())));
    }
    const result = await load;
    stalls.push(await program.stall());
    return report(result, { took, stalls: stalls.slice(1), memory: [...memory, program.memory()], program });
  } finally {
    generator.kill('SIGKILL');
  }
}

type Seen = {
  readonly took: readonly number[];
  readonly stalls: readonly number[];
  readonly memory: readonly number[];
  readonly program: Program;
};

function report({ taken, shed, failed, lateMs }: Result, { took, stalls, memory, program }: Seen): string {
  const sorted = taken.toSorted((a, b) => a - b);
  const at = (part: number): string => (sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN).toFixed(1);
  const even = memory.filter((_, n) => n % Math.ceil(memory.length / 6) === 0);
  return [
    `${taken.length} leads taken, ${shed.length} shed, ${failed} refused or failed; p50 ${at(0.5)} ms, p99 ${at(0.99)} ms (sent up to ${lateMs.toFixed()} ms late)`,
    `${took.length} changes, median ${median(took).toFixed(1)} ms, longest ${Math.max(...took).toFixed(1)} ms`,
    `longest stall ${Math.max(...stalls).toFixed(1)} ms, median of the longest in 10 s ${median(stalls).toFixed(1)} ms`,
    `resident MiB ${even.map((mib) => mib.toFixed()).join(', ')}; highest ${program.memory('highest').toFixed()}`,
  ].join('\n  ');
}

async function send(generator: ReturnType<typeof fork>, order: Order): Promise<Result> {
  generator.send(order);
  const [result] = await once(generator, 'message');
  return result as Result;
}
