import type { Io } from './command.ts';

const WIDTH = 30;

/** Tells how far a long change is: a bar that redraws itself on a terminal, else a line now and then. */
export function createProgress({ err, redraws }: Pick<Io, 'err' | 'redraws'>, total: number): (done: number) => void {
  return (done) => {
    if (!redraws) {
      err(`${done} of ${total}\n`);
      return;
    }
    const filled = Math.round((done / total) * WIDTH);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)}`;
    err(`\r${bar} ${done} of ${total}${done === total ? '\n' : ''}`);
  };
}
