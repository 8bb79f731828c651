import { readFileSync } from 'node:fs';
import t from 'tap';
import type { Conversation } from '../../src/domain/lead.ts';
import { compileAhead, SCHEMA_COMPILERS } from '../../src/lib/schema-compilers.ts';
import { DELIVERED, goodBody, ID, testApp } from '../support/http/app.ts';

const LEAK = { consumer: { phone: '+14045551212' }, password: 'hunter2' };
const { paths } = JSON.parse(readFileSync(new URL('../../openapi/openapi.json', import.meta.url), 'utf8'));

t.test('no answer contains a field that is not in its schema', async (t) => {
  const { app } = await testApp(t, {
    isReady: async () => ({ ready: true, checks: { storage: 'ok' }, ...LEAK }),
    guard: {
      issue: async () => ({ formToken: 'token', ...LEAK }),
      check: async () => ({ suspect: false }) as never,
    },
  });
  for (const url of ['/readyz', '/sites/demo/form']) {
    const answer = await app.inject({ url });
    t.equal(answer.statusCode, 200);
    t.notMatch(answer.body, /hunter2|4045551212/, url);
  }
});

t.test('every documented example of an answer passes its schema unchanged', async (t) => {
  const { app } = await testApp(t);
  const compile = SCHEMA_COMPILERS.buildSerializer(app.getSchemas());
  let examples = 0;
  for (const [url, operations] of Object.entries<Record<string, Operation>>(paths)) {
    for (const [method, { responses }] of Object.entries(operations)) {
      for (const [httpStatus, { content = {} }] of Object.entries(responses)) {
        for (const [type, media] of Object.entries(content)) {
          const schema = JSON.parse(JSON.stringify(media.schema).replaceAll(/#\/components\/schemas\/(\w+)/g, '$1#'));
          const serialize = compile({ method, url, httpStatus, schema });
          for (const { value } of type.includes('json') ? Object.values(media.examples ?? {}) : []) {
            t.strictSame(JSON.parse(serialize(value)), value, `${method} ${url} ${httpStatus}`);
            examples += 1;
          }
        }
      }
    }
  }
  t.ok(examples > 30);
});

t.test('a conversation with more fields than its schema is answered by the schema', async (t) => {
  const found: Conversation = { ...DELIVERED, ...LEAK } as Conversation;
  const { app } = await testApp(t, {
    find: async () => found,
    submit: async (_lead, context) => {
      await context.screen();
      return { conversation: found, replayed: false };
    },
  });
  const read = await app.inject(`/conversations/${ID}`);
  const posted = await app.inject({ method: 'POST', url: '/conversations', payload: goodBody() });
  t.equal(posted.statusCode, 201);
  const names = ['id', 'status', 'attempts', 'createdAt', 'updatedAt'];
  for (const answer of [read, posted]) t.strictSame(Object.keys(answer.json()), names);
});

type Operation = {
  readonly responses: Readonly<
    Record<string, { content?: Record<string, { schema: object; examples?: Record<string, { value: unknown }> }> }>
  >;
};

t.test('the schemas of a route can be compiled before its first request', async (t) => {
  const { app } = await testApp(t);
  await app.ready();
  t.ok(compileAhead('POST /conversations') > 3, 'of the body, the headers and the answers');
  t.equal(compileAhead('POST /conversations'), 0);
  t.throws(() => compileAhead('POST /nowhere'), 'a route without schemas is a mistake of the program');
});
