import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import { TOKEN } from '../support/admin/admin.ts';
import { consoleOver } from '../support/admin/console.ts';
import { NOON } from '../support/admin/operations.ts';
import { playScene, sceneOptions } from '../support/admin/scenes.ts';
import { eventually } from '../support/eventually.ts';
import { entry, hashing, type OpenOutbox } from '../support/outbox.ts';

/** What the operators' console shows of every store. */
export function consoleContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('every page tells what the store holds', async (t) => {
    const outbox = await open(t)();
    t.teardown(() => outbox.close());
    const console = consoleOver(t, { ...sceneOptions('burning'), outbox });
    const lead = await playScene('burning', console);
    for (let n = 0; n < 51; n += 1)
      await outbox.suppress(hashing.phone(`+1212555${1000 + n}`), entry('suppress', NOON - n));
    const { open: openPage, send } = await console.logIn(TOKEN);
    const expected: readonly (readonly [path: string, ...words: RegExp[]])[] = [
      ['', /credentials of the account eu-main/, /7 leads of the account default/, /11,574 calls/, /host|gateway-0/],
      ['/leads', /b-queued/, /Older leads/],
      ['/leads?status=parked&cause=refused', /cause=refused|refused/, new RegExp(String(lead))],
      ['/leads?site=harbour-cars&until=1h', /No lead matches/],
      ['/leads?since=25m&until=15m&status=delivered', /harbour-cars/],
      [`/leads/${lead}`, /refused: failure/, /184 ms/],
      ['/providers', /eu-main/],
      ['/suppressions', /Earlier numbers/],
      ['/audit', /ann/, /one number/, /Older entries/],
      ['/sites', /Harbour Cars/],
      ['/sites/harbour-cars', /advertiserIds/],
    ];
    for (const [path, ...words] of expected) {
      const { status, text } = await openPage(path);
      t.equal(status, 200, path);
      for (const word of words) t.match(text, word, path);
    }
    const earlier = /href="\/console(\/suppressions\?after=[^"]+)"/.exec((await openPage('/suppressions')).text)?.[1];
    t.equal((await openPage(String(earlier))).text.match(/<tr>/g)?.length, 3, 'the head and two more numbers');
    const shown = await send('/leads/preview', { action: 'release', cause: 'refused' });
    t.match(shown.text, /Send 7 leads/);
  });

  t.test('a preview of very many leads looks at the newest, and the job sends those that were there', async (t) => {
    const outbox = await open(t)();
    t.teardown(() => outbox.close());
    const { logIn, operations, store, statusOf } = consoleOver(t, { outbox });
    for (let n = 0; n < 5; n += 1) await store('held');
    const found = await operations.selectLeads('release', { status: ['held'] }, { actor: 'ann', readMax: 3 });
    t.match(found, { more: true, matching: 5, byStatus: { held: 3 } });
    const later = await store('held', {}, NOON + 5);
    const { send, open: openPage } = await logIn(TOKEN);
    const form = { action: 'release', status: 'held', previewedAt: new Date(NOON + 1).toISOString() };
    const { headers } = await send('/leads/run', form);
    const job = String(headers.location).replace('/console', '');
    const result = await eventually(
      'the job ends',
      10_000,
      async () => /\d of \d leads were queued/.exec((await openPage(job)).text)?.[0],
    );
    t.equal(result, '5 of 5 leads were queued');
    t.equal(await statusOf(later), 'held', 'it was not in the preview');
  });

  t.test('open pages are told of a change', async (t) => {
    const outbox = await open(t)();
    t.teardown(() => outbox.close());
    const { app, logIn, store } = consoleOver(t, { outbox });
    const { cookie } = await logIn(TOKEN);
    const listening = await app;
    await listening.listen({ host: '127.0.0.1', port: 0 });
    const { port } = listening.server.address() as AddressInfo;
    const request = get({ port, path: '/console/events', headers: { cookie } });
    t.teardown(() => request.destroy());
    const [events] = (await once(request, 'response')) as [IncomingMessage];
    events.setEncoding('utf8');
    const told = async () => {
      for (;;) if (String(await once(events, 'data')).includes('event: change')) return;
    };
    await told();
    const change = told();
    await store('parked');
    await change;
    t.pass('it is told');
  });
}
