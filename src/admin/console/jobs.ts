import { randomUUID } from 'node:crypto';

/** A job that works through many leads behind a page that shows its progress. */
export type Job = {
  readonly title: string;
  /** Name of the operator who started it; only that operator sees it. */
  readonly owner: string;
  readonly total: number;
  done: number;
  /** A sentence about the end; absent while the job runs. */
  result?: string;
};

/** Finished jobs that are kept, so that their page can be opened again. */
const KEPT = 50;

export type Jobs = {
  /** Starts `work` and gives the job's id. A rejection becomes the job's result. */
  readonly start: (
    job: Pick<Job, 'title' | 'owner' | 'total'>,
    work: (onProgress: (done: number) => void) => Promise<string>,
  ) => string;
  readonly find: (id: string) => Job | undefined;
  /** Resolves when all jobs have ended. */
  readonly idle: () => Promise<void>;
};

/** Jobs of this process, in memory: each lead that a job changes is recorded by the store, so a job that is cut off loses nothing. */
export function createJobs(): Jobs {
  const jobs = new Map<string, Job>();
  const running = new Set<Promise<void>>();
  return {
    start(description, work) {
      const job: Job = { ...description, done: 0 };
      const id = randomUUID();
      jobs.set(id, job);
      for (const [old, { result }] of jobs) if (jobs.size > KEPT && result !== undefined) jobs.delete(old);
      const run = work((done) => {
        job.done = done;
      })
        .then((result) => {
          job.result = result;
        })
        .catch((error: unknown) => {
          job.result = `It ended after ${job.done} of ${job.total} leads: ${error instanceof Error ? error.name : 'a fault'}. Nothing is lost; start it again for the rest.`;
        })
        .finally(() => running.delete(run));
      running.add(run);
      return id;
    },
    find: (id) => jobs.get(id),
    async idle() {
      await Promise.all(running);
    },
  };
}
