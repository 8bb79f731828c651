import t from 'tap';
import { openTheatre, setStage } from './support/stage.ts';
import { visitorOf } from './support/visitor.ts';

const LONG_TASK_MS = 50;
/** The machine may be busy with other tests: the best of so many loads is what the button itself costs. */
const LOADS = 5;

t.test('on a processor four times slower, neither loading nor opening makes the page stutter', async (t) => {
  const theatre = await openTheatre(t);
  const { page, context } = await setStage(t, theatre, { attributes: 'keep-offline position="floating"' });
  const cdp = await context.newCDPSession(page);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  await context.addInitScript(`
    window.tasks = [];
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration)))
      .observe({ type: 'longtask', buffered: true });
  `);
  const longest: number[] = [];
  for (let load = 0; load < LOADS && !longest.includes(0); load++) {
    await page.reload();
    await visitorOf(page).button.waitFor();
    await page.evaluate('new Promise((resolve) => requestIdleCallback(resolve))');
    longest.push(Math.max(0, ...((await page.evaluate('tasks')) as number[])));
  }
  t.ok(Math.min(...longest) <= LONG_TASK_MS, `longest tasks of each load, in ms: ${longest}`);
});

t.test('over a slow line the dialog does not wait for the form', async (t) => {
  const theatre = await openTheatre(t);
  const { gateway, page } = await setStage(t, theatre);
  gateway.next.form.push('hang');
  const visitor = visitorOf(page);
  await visitor.open();
  t.ok(await visitor.phone.evaluate((element) => element.matches(':focus')));
  t.equal(await visitor.button.getAttribute('aria-busy'), null);
});
