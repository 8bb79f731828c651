import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { ID, KEYS, testApp } from '../support/http/app.ts';
import { leadRequest } from '../support/lead.ts';

/** Attacks in docs/security.md that belong to no single subject. */

const json = { 'content-type': 'application/json' };
const FORGED_HOST = 'attacker.example';

/** The paths that the operators' listener serves, as its sources write them. */
function operatorPaths(): string[] {
  const folder = new URL('../../src/admin/api/', import.meta.url);
  const sources = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), 'utf8'));
  const found = sources.flatMap((text) => [
    ...text.matchAll(/\.(?:get|post|put|patch|delete)(?:<[^(]*>)?\(\s*'(\/[^']*)'/g),
  ]);
  return [...new Set(found.map(([, path = '']) => path.replaceAll(/:[a-z]+/gi, ID)))];
}

t.test('no path of the operators’ listener exists on the public one, with or without a key', async (t) => {
  const { app } = await testApp(t);
  const paths = operatorPaths();
  t.ok(paths.length > 8, paths.join());
  // Both listeners have a page at `/`, and a document of their own.
  for (const url of paths.filter((path) => !['/', '/openapi.json'].includes(path))) {
    for (const method of ['GET', 'POST', 'DELETE'] as const) {
      const { statusCode } = await app.inject({ method, url, headers: { authorization: `Bearer ${KEYS.roamer}` } });
      t.ok([404, 405].includes(statusCode), `${method} ${url}: ${statusCode}`);
    }
  }
  const document = (await app.inject('/openapi.json')).json();
  const ofOperators = JSON.parse(readFileSync(new URL('../../openapi/admin.json', import.meta.url), 'utf8'));
  t.not(document.info.title, ofOperators.info.title);
  t.strictSame(
    Object.keys(document.paths).filter((path) => Object.hasOwn(ofOperators.paths, path)),
    [],
  );
});

t.test('a lead cannot set what only the gateway decides', async (t) => {
  const { app, submitted } = await testApp(t);
  const decided = ['id', 'status', 'attempts', 'provider', 'partner', 'targetFrom', 'suspect', 'origin', 'createdAt'];
  for (const name of [...decided, '__proto__', 'constructor', 'prototype', 'toString']) {
    const body = `{"site":"demo","${name}":{"isAdmin":true},${JSON.stringify(leadRequest()).slice(1)}`;
    const { statusCode, json: read } = await app.inject({ method: 'POST', url: '/conversations', headers: json, body });
    t.equal(statusCode, 422, name);
    t.match(read(), { code: 'invalid_request', errors: [{ pointer: `/${name}` }] });
  }
  t.equal(submitted.length, 0);
  t.equal(Object.hasOwn(Object.prototype, 'isAdmin'), false);
});

t.test('no answer repeats a host that the request claims, in a header or a body', async (t) => {
  const { app } = await testApp(t);
  const headers = {
    host: FORGED_HOST,
    'x-forwarded-host': FORGED_HOST,
    'x-forwarded-proto': 'javascript',
    forwarded: `host=${FORGED_HOST}`,
    'x-original-url': '/metrics',
    'x-rewrite-url': '/metrics',
  };
  const lead = JSON.stringify(leadRequest({ site: 'demo' }));
  const requests = [
    { method: 'POST', url: '/conversations', headers: { ...headers, ...json }, body: lead },
    ...['/', '/docs', '/openapi.json', '/healthz', '/nope', `/conversations/${ID}`, '/sites/demo/text'].map(
      (url) => ({ method: 'GET', url, headers }) as const,
    ),
  ] as const;
  for (const request of requests) {
    const answer = await app.inject(request);
    t.notMatch(
      `${JSON.stringify(answer.headers)}${answer.body}`,
      /attacker|javascript:/,
      `${request.method} ${request.url}`,
    );
  }
});

t.test('an id close to an existing one is answered like any unknown id', async (t) => {
  const { app } = await testApp(t);
  const answers = new Set<string>();
  const last = ID.at(-1) === 'A' ? 'B' : 'A';
  for (const id of [
    ID.slice(0, -1) + last,
    `cnv_${'A'.repeat(30)}`,
    ID.toLowerCase(),
    `${ID}0`,
    'cnv_',
    '../stats',
    ID.slice(4),
  ]) {
    const { statusCode, json: read } = await app.inject(`/conversations/${encodeURIComponent(id)}`);
    const { code, title, detail } = read();
    answers.add(JSON.stringify({ statusCode, code, title, detail }));
  }
  t.equal(answers.size, 1, [...answers].join('\n'));
  t.match([...answers][0], /"statusCode":404/);
});
