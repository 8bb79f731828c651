import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isoTime } from '../../lib/clock.ts';
import { defined } from '../../lib/values.ts';
import { AdminProblem } from '../api/problem.ts';
import { readTime } from '../operations/input.ts';
import type { Operations } from '../operations/operations.ts';
import type { Gate } from './gate.ts';
import { BASE, capital, count } from './layout.ts';
import { leadList, leadPage, PREVIEWED, preview } from './leads.ts';
import { jobPage } from './pages.ts';
import { type Form, listFilter, onlyTexts, readAction, toQuery } from './requests.ts';

const PAGE_SIZE = 50;

/** The pages about leads: the list, one lead, and actions on many leads with their progress. */
export function leadPages(
  app: FastifyInstance,
  { actorOf, formOf, show }: Gate,
  { operations, now }: { readonly operations: Operations; readonly now: () => number },
): void {
  const jobs = createJobs();
  app.addHook('onClose', () => jobs.idle());

  app.get('/leads', async (request, reply) => {
    const { after, ...given } = onlyTexts(request.query);
    const filter = listFilter(given);
    const { items, next } = await operations.listLeads(
      toQuery(filter),
      defined({ limit: PAGE_SIZE, after }),
      actorOf(request),
    );
    const content = leadList({ filter, items, next, now: now(), ...formOf(request) });
    return show(request, reply, { title: 'Leads', at: '/leads', live: after === undefined }, content);
  });
  app.get('/lead', async (request, reply) => {
    const { id = '' } = onlyTexts(request.query);
    return reply.redirect(`${BASE}/leads/${encodeURIComponent(id.trim())}`, 303);
  });
  app.post('/leads/search', { config: { console: 'operator' } }, async (request, reply) => {
    const { phone = '' } = (request.body ?? {}) as Form;
    const { items } = await operations.listLeads({ phone }, { limit: PAGE_SIZE }, actorOf(request));
    const content = leadList({ filter: {}, items, now: now(), byNumber: true, ...formOf(request) });
    return show(request, reply, { title: 'Leads', at: '/leads' }, content);
  });
  app.get<{ Params: { id: string } }>('/leads/:id', async (request, reply) => showLead(request, reply, false));
  app.post<{ Params: { id: string } }>(
    '/leads/:id/reveal',
    { config: { console: 'operator' } },
    async (request, reply) => showLead(request, reply, true),
  );
  app.post('/leads/preview', { config: { console: 'operator' } }, async (request, reply) => {
    const { action, filter, query } = readAction(request);
    const selection = await operations.selectLeads(action, query, { actor: actorOf(request), readMax: PREVIEWED });
    const content = preview(selection, { filter, formToken: formOf(request).formToken, at: isoTime(now() + 1) });
    return show(request, reply, { title: action, at: '/leads' }, content);
  });
  app.post('/leads/run', { config: { console: 'operator' } }, async (request, reply) => {
    const { action, query } = readAction(request);
    const actor = actorOf(request);
    const previewedAt = onlyTexts(request.body).previewedAt ?? isoTime(now() + 1);
    // Refuses what cannot be done before the job begins, which finds its leads by itself: there may be a million.
    await operations.selectLeads(action, query, { actor, readMax: 1 });
    const asSeen = { ...query, ...(query.ids === undefined && { until: earlier(query.until, previewedAt, now()) }) };
    const id = jobs.start({ title: capital(action), owner: actor }, async (onProgress) => {
      const selection = await operations.selectLeads(action, asSeen, { actor });
      const total = selection.ids.length;
      const queued = await operations.sendLeads(selection, { actor, onProgress: (done) => onProgress(done, total) });
      return `${count(queued)} of ${count(total)} leads were queued to be sent.`;
    });
    return reply.redirect(`${BASE}/jobs/${id}`, 303);
  });
  app.get<{ Params: { id: string } }>('/jobs/:id', async (request, reply) => {
    const job = jobs.find(request.params.id);
    if (!job || job.owner !== actorOf(request))
      throw new AdminProblem(404, 'not_found', 'There is no such job in this process; the audit lists what was done.');
    const running = job.result === undefined;
    return show(
      request,
      reply,
      { title: job.title, at: '/leads', ...(running ? { live: true, reloadAfterS: 2 } : {}) },
      jobPage(job),
    );
  });

  async function showLead(
    request: FastifyRequest<{ Params: { id: string } }>,
    reply: FastifyReply,
    reveal: boolean,
  ): Promise<FastifyReply> {
    const { formToken, mayAct } = formOf(request);
    const lead = await operations.showLead(request.params.id, { actor: actorOf(request), reveal });
    const content = leadPage({ lead, formToken, now: now(), mayReveal: mayAct });
    return show(request, reply, { title: lead.id, at: '/leads', live: !reveal }, content);
  }
}

/** The earlier one of the filter's time and that of the preview: leads that came later were not in it. */
function earlier(until: string | undefined, previewedAt: string, now: number): string {
  const seen = readTime('previewedAt', previewedAt, now);
  return isoTime(until === undefined ? seen : Math.min(seen, readTime('until', until, now)));
}

/** A job that works through many leads behind a page that shows its progress. */
type Job = {
  readonly title: string;
  /** Name of the operator who started it; only that operator sees it. */
  readonly owner: string;
  done: number;
  /** Absent while the leads are looked for. */
  total?: number;
  /** A sentence about the end; absent while the job runs. */
  result?: string;
};

/** Finished jobs that are kept, so that their page can be opened again. */
const KEPT = 50;

type Jobs = {
  /** Starts `work` and gives the job's id. A rejection becomes the job's result. */
  readonly start: (
    job: Pick<Job, 'title' | 'owner'>,
    work: (onProgress: (done: number, total: number) => void) => Promise<string>,
  ) => string;
  readonly find: (id: string) => Job | undefined;
  /** Resolves when all jobs have ended. */
  readonly idle: () => Promise<void>;
};

/** Jobs of this process, in memory: each lead that a job changes is recorded by the store, so a job that is cut off loses nothing. */
function createJobs(): Jobs {
  const jobs = new Map<string, Job>();
  const running = new Set<Promise<void>>();
  return {
    start(description, work) {
      const job: Job = { ...description, done: 0 };
      const id = randomUUID();
      jobs.set(id, job);
      for (const [old, { result }] of jobs) if (jobs.size > KEPT && result !== undefined) jobs.delete(old);
      const run = work((done, total) => {
        job.done = done;
        job.total = total;
      })
        .then((result) => {
          job.result = result;
        })
        .catch((error: unknown) => {
          job.result = `It ended after ${job.done} of ${job.total ?? 'its'} leads: ${error instanceof Error ? error.name : 'a fault'}. Nothing is lost; start it again for the rest.`;
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
