import type { Test } from 'tap';
import type { Reply } from './fake-gateway.ts';
import { type Stage, type StageOptions, setStage } from './stage.ts';
import { type Visitor, visitorOf } from './visitor.ts';

export type TimedStage = Stage & {
  readonly visitor: Visitor;
  /** Lets seconds go by in the page. */
  wait(seconds: number): Promise<void>;
  /** Waits until the button waits before another call, then lets seconds go by. */
  pass(seconds: number): Promise<void>;
  /** Lets all six calls of a click go by. */
  passAll(): Promise<void>;
};

/** A stage whose clock is pushed by hand, and whose gateway answers posts like this at first. */
export async function setTimedStage(
  t: Test,
  theatre: Parameters<typeof setStage>[1],
  replies: readonly Reply[],
  options: StageOptions = {},
): Promise<TimedStage> {
  const stage = await setStage(t, theatre, options);
  const { page, gateway } = stage;
  await page.clock.install();
  await page.evaluate(`{
    const set = setTimeout;
    window.waits = 0;
    // Neither the time-out of a call nor what a click waits for its form.
    window.setTimeout = (then, ms) => (waits += ms > 600 && ms !== 10000 ? 1 : 0, set(then, ms));
  }`);
  gateway.next.post.push(...replies);
  let waits = 0;
  const wait = (seconds: number) => page.clock.runFor(seconds * 1000);
  const pass = async (seconds: number): Promise<void> => {
    await page.waitForFunction(`waits === ${++waits}`);
    await wait(seconds);
  };
  const passAll = async (): Promise<void> => {
    for (const seconds of [2, 3, 5, 10, 20]) await pass(seconds);
  };
  return { ...stage, visitor: visitorOf(page), wait, pass, passAll };
}
