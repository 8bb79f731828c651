import type { Test } from 'tap';
import type { PageLauncher } from './page-launcher.ts';
import { visitorOf } from './visitor.ts';

/** One task of the page's own thread, from its start to its end, in milliseconds. */
export type Task = {
  readonly ms: number;
  /** How long the thread ran on a processor; other work on the machine does not count. */
  readonly processorMs: number;
};

/** An event of Chromium's trace (https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU). */
type TraceEvent = {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** When it began, how long it took, and how long its thread ran meanwhile, in microseconds. */
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args: { readonly name?: string; readonly data?: { readonly url?: string } };
};

/**
 * Loads a page with the button in Chromium, opens the dialog, types a number and sends the lead.
 *
 * @param slower slows the processor down for the page by this factor
 * @returns all tasks of the page's thread, how many of them ran a script of the button, and the page's layout shifts
 */
export async function traceLead(
  t: Test,
  { launchPage }: PageLauncher,
  slower = 1,
): Promise<{ readonly tasks: readonly Task[]; readonly scripted: number; readonly shifts: readonly number[] }> {
  const { page, context } = await launchPage(t, {
    before: '<p style="height: 20em">A page</p>',
    script: `window.shifts = [];
      new PerformanceObserver((list) => shifts.push(...list.getEntries().map(({ value }) => value)))
        .observe({ type: 'layout-shift', buffered: true });`,
  });
  const visitor = visitorOf(page);
  const session = await context.newCDPSession(page);
  const events: TraceEvent[] = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  await session.send('Emulation.setCPUThrottlingRate', { rate: slower });
  const traceConfig = { includedCategories: ['devtools.timeline', 'disabled-by-default-devtools.timeline'] };
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig });
  await page.reload();
  await visitor.open();
  await page.keyboard.type('4045551212');
  await page.keyboard.press('Enter');
  await visitor.reads('Message sent');
  const ended = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
  await session.send('Tracing.end');
  await ended;
  const shifts = await page.evaluate<number[]>('shifts');
  await context.close();

  const tasks = tasksOf(events);
  const scripts = events.filter(({ name, args }) => name === 'FunctionCall' && args.data?.url?.includes('/widget/'));
  return {
    // A task that runs when the trace begins or ends has no length; it is none of the page's.
    tasks: tasks.map(({ dur = 0, tdur = 0 }) => ({ ms: dur / 1000, processorMs: tdur / 1000 })),
    scripted: tasks.filter((task) => scripts.some((script) => isWithin(script, task))).length,
    shifts,
  };
}

/** Tasks of the pages' threads, except those in which Playwright installs its own scripts, which have no address. */
function tasksOf(events: readonly TraceEvent[]): TraceEvent[] {
  const threads = events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
  const ofPlaywright = events.filter(({ name, args }) => name === 'EvaluateScript' && !args.data?.url);
  return events.filter(
    (event) =>
      event.name === 'RunTask' &&
      threads.some(({ pid, tid }) => pid === event.pid && tid === event.tid) &&
      !ofPlaywright.some((script) => isWithin(script, event)),
  );
}

function isWithin(inner: TraceEvent, { pid, tid, ts, dur = 0 }: TraceEvent): boolean {
  return inner.tid === tid && inner.pid === pid && inner.ts >= ts && inner.ts <= ts + dur;
}
