import { createHash, createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { PartnerFilter, PartnerRecord } from '../../../src/domain/ports/lead-records.ts';
import { StorageUnavailable } from '../../../src/domain/ports/outbox.ts';
import { snippetWith } from '../../support/guide.ts';
import { DELIVERED, ID, KEYS, NOW, testApp } from '../../support/http/app.ts';

const OF_ROAMER = { authorization: `Bearer ${KEYS.roamer}` };
const TODAY = '/reconciliations/2026-11-24';

/** An app whose store has two leads of the partner on any day, on a page each, and what it was asked for. */
async function filled(t: Parameters<typeof testApp>[0], failing = 0) {
  const asked: PartnerFilter[] = [];
  const record: PartnerRecord = { ...DELIVERED, mayHaveArrived: false };
  const { app } = await testApp(t, {
    partnerList: {
      readPage: () => Promise.reject(new Error('These pages have no cursors of the public.')),
      async listOfPartner(filter, { after }) {
        asked.push(filter);
        if (asked.length === failing) throw new StorageUnavailable('down');
        return after === undefined
          ? { items: [{ ...record, reference: '=1+1' }], next: ID }
          : { items: [{ ...record, status: 'rejected', mayHaveArrived: false }] };
      },
    },
  });
  return {
    app,
    asked,
    get: (url: string, headers: Record<string, string> = OF_ROAMER) => app.inject({ url, headers }),
  };
}

const signatureOf = (content: string, key: string = KEYS.roamer): string => {
  const hash = createHash('sha256').update(key).digest();
  return `v1,${createHmac('sha256', hash).update(content).digest('base64')}`;
};

t.test('a day comes as lines of JSON with the signature of the presented key as the last', async (t) => {
  const { asked, get } = await filled(t);
  const { statusCode, headers, body } = await get(TODAY);
  t.equal(statusCode, 200);
  t.match(headers, {
    'content-type': 'application/x-ndjson',
    'cache-control': 'no-store',
    'content-disposition': 'attachment; filename="2026-11-24.jsonl"',
    ratelimit: /^"reads";r=999/,
  });
  const [first = '', second = '', last = ''] = body.split('\n');
  t.match(JSON.parse(first), { reference: '=1+1', id: ID, outcome: 'delivered', certainty: 'confirmed', final: true });
  t.match(JSON.parse(second), { outcome: 'rejected', reason: 'other' });
  t.strictSame(JSON.parse(last), { leads: 2, signatures: [signatureOf(`${first}\n${second}\n`)] });
  const filter = { partner: 'roamer', test: false, since: Date.UTC(2026, 10, 24), until: Date.UTC(2026, 10, 25) };
  t.strictSame(asked, [filter, filter]);
});

t.test('the code of the guide reads a genuine file, and refuses a changed or cut one', async (t) => {
  const module = join(t.testdir(), 'read-day.mjs');
  writeFileSync(module, snippetWith('js', 'readDay'));
  const { readDay } = await import(module);
  const bytes = Buffer.from((await (await filled(t)).get(TODAY)).body);
  t.match(readDay(bytes, KEYS.roamer), [{ reference: '=1+1', outcome: 'delivered' }, { outcome: 'rejected' }]);
  const cut = bytes.subarray(0, bytes.lastIndexOf('{'));
  const changed = Buffer.from(bytes.toString().replace('rejected', 'delivered'));
  for (const wrong of [cut, changed]) t.throws(() => readDay(wrong, KEYS.roamer), /not complete, or not genuine/);
  t.throws(() => readDay(bytes, KEYS.acme));
  const empty = `{"leads":0,"signatures":["${signatureOf('')}"]}\n`;
  t.strictSame(readDay(Buffer.from(empty), KEYS.roamer), []);
});

t.test('as CSV no reference is a formula, and the signature is a row', async (t) => {
  const { get } = await filled(t);
  const { headers, body } = await get(`/v1${TODAY}?format=csv`);
  t.equal(headers['content-type'], 'text/csv; charset=utf-8');
  const rows = body.split('\r\n').slice(0, -1);
  t.match(rows[1], `"'=1+1","${ID}","delivered",`);
  const signed = `${rows.slice(0, -1).join('\r\n')}\r\n`;
  t.equal(rows.at(-1), `"","signature","${signatureOf(signed)}","","","","","",""`);
});

t.test('each key of a partner has its own signature, and only the partner with its key has a file', async (t) => {
  const { asked, get } = await filled(t);
  for (const key of [KEYS.acme, KEYS.acmeNext]) {
    const { body } = await get(TODAY, { authorization: `Bearer ${key}` });
    const content = body.slice(0, body.lastIndexOf('\n', body.length - 2) + 1);
    t.strictSame(JSON.parse(body.slice(content.length)).signatures, [signatureOf(content, key)]);
  }
  t.ok(asked.every(({ partner }) => partner === 'acme'));
  const before = asked.length;
  for (const headers of [{}, { origin: 'https://dealer.example' }, { authorization: 'Bearer wrong' }]) {
    const answer = await get(TODAY, headers as Record<string, string>);
    t.match([answer.statusCode, answer.json().code], [401, 'invalid_api_key']);
  }
  t.equal(asked.length, before);
});

t.test('a wrong day or parameter is named, with what would be right', async (t) => {
  const { asked, get } = await filled(t);
  for (const [path, detail] of [
    ['2026-02-30', /^Parameter date: .*2026-11-28/],
    ['yesterday', /^Parameter date: /],
    ['2026-11-25', /^Parameter date: Is in the future/],
    ['2026-11-24?format=xml', /^Parameter format: .*jsonl, csv/],
    ['2026-11-24?day=1', /not known here; known are format/],
  ] as const) {
    const answer = await get(`/reconciliations/${path}`);
    t.match([answer.statusCode, answer.json().code, answer.json().detail], [400, 'bad_request', detail], path);
  }
  t.strictSame(asked, []);
  t.equal(new Date(NOW).toISOString().slice(0, 10), '2026-11-24', 'the day that is not over has a file');
});

t.test(
  'a store that fails is a 503; in the middle of a file it ends the connection, without the last line',
  async (t) => {
    const first = await filled(t, 1);
    t.match((await first.get(TODAY)).json(), { status: 503, code: 'storage_unavailable' });
    const { app } = await filled(t, 2);
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const answer = await fetch(`${url}${TODAY}`, { headers: OF_ROAMER });
    t.equal(answer.status, 200);
    await t.rejects(answer.text());
  },
);
