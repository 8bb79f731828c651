import type { Test } from 'tap';
import type { BrowserPage } from '../browser-page.ts';
import { CONTRASTS, type Contrast, LEAST } from '../contrast.ts';
import { problem } from '../fake-gateway.ts';
import { fullForm, LISTING } from '../full-form.ts';
import type { Stage, StageOptions, TestBrowser } from '../stage.ts';

/** Shows a button whose form has every option. */
export async function showFullForm(t: Test, { show }: TestBrowser, options: StageOptions = {}): Promise<Stage> {
  const attributes = `${LISTING} ${options.attributes ?? ''}`;
  return show(t, { ...options, form: fullForm(), attributes });
}

/** Brings a lead through its states, and looks at each. Texts are not named, so that it works in any language. */
export async function throughAllStates(stage: Stage, look: (state: string) => Promise<void>): Promise<void> {
  const { gateway } = stage;
  const send = async () =>
    stage.of('dialog', undefined, `tools.all().find((button) => button.part.contains('submit')).click()`);
  await look('button');
  await stage.open();
  await look('form');
  await send();
  await look('missing fields');
  await stage.page.evaluate(
    `tools.fill(document.querySelector('text-us').shadowRoot.querySelector('#phone'), '(404) 555-1212')`,
  );
  await stage.of('checkbox', undefined, 'it.click()');
  gateway.next.post.push(problem(429, 'rate_limited'));
  await send();
  await stage.heard('error', 1);
  await look('refused');
  gateway.next.post.push('hang', { status: 202, body: { id: 'cnv_1', status: 'queued' } });
  const sent = gateway.arrival('POST', /conversations/);
  await send();
  await sent;
  await look('being sent');
  await stage.passTimeOut();
  await look('sent again');
  await stage.passWait();
  await stage.heard('success', 1);
  await look('done');
}

/** Texts, lines and drawings of the button or its open dialog that do not stand out. */
export async function findNoPaleColours(
  t: Test,
  page: BrowserPage,
  state: string,
  contrasts: string = CONTRASTS,
): Promise<void> {
  const found = await page.evaluate<Contrast[]>(contrasts);
  t.strictSame(
    found.filter(({ kind, ratio }) => ratio < LEAST[kind]),
    [],
    `${state}: ${found.length} contrasts`,
  );
  t.ok(found.length >= 2, state);
}
