import { readFile } from 'node:fs/promises';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import t from 'tap';
import { openApiText } from '../../scripts/openapi-document.ts';
import type { LeadRequest } from '../../src/domain/draft.ts';
import { PROBLEMS } from '../../src/http/problems.ts';
import type { LeadRequestBody } from '../../src/http/schemas/lead-request.ts';
import { goodBody, testApp } from '../support/http/app.ts';

const FILE = 'openapi/openapi.json';
const committed = await readFile(FILE, 'utf8');
const document = JSON.parse(committed);

/** Compiles only if the schema's type fits the domain's. */
const toDomain = (body: LeadRequestBody): LeadRequest => body;

t.test('the committed document is equal to the one generated from the routes', async (t) => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8'));
  t.equal(committed, await openApiText(version), 'else run "npm run openapi" and commit it');
});

t.test('the document follows the linter’s recommended rules, without a warning', async (t) => {
  const config = await createConfig({ extends: ['recommended'] });
  const findings = await lintFromString({ source: committed, absoluteRef: FILE, config });
  t.strictSame(
    findings.map(({ ruleId, message }) => `${ruleId}: ${message}`),
    [],
  );
});

t.test('published texts name the sender: a request, a visitor or a partner', async (t) => {
  for (const text of [committed, await readFile('openapi/config.schema.json', 'utf8')]) t.notMatch(text, /\bcaller/i);
});

t.test('the document is OpenAPI 3.1 and has every public path', async (t) => {
  t.equal(document.openapi, '3.1.0');
  t.strictSame(Object.keys(document.paths).sort(), [
    '/conversations',
    '/conversations/form',
    '/conversations/{id}',
    '/healthz',
    '/readyz',
    '/reconciliations/{date}',
    '/sites/{key}/form',
    '/sites/{key}/text',
  ]);
});

t.test('every error code is documented with an example under its status', async (t) => {
  const documented = new Map<string, string>();
  for (const operation of operations()) {
    for (const [status, { content }] of Object.entries(operation.responses)) {
      const examples = content?.['application/problem+json']?.examples ?? {};
      for (const [code, { value }] of Object.entries(examples)) {
        t.match(value, { code, status: Number(status), type: `/docs/problems#${code}` });
        documented.set(code, status);
      }
    }
  }
  // No operation answers 405; the other two belong to the files of the reference.
  const elsewhere = ['method_not_allowed', 'precondition_failed', 'range_not_satisfiable'];
  const expected = Object.entries(PROBLEMS).filter(([code]) => !elsewhere.includes(code));
  t.strictSame([...documented].sort(), expected.map(([code, { status }]) => [code, String(status)]).sort());
});

t.test('every field of every schema is explained and has an example', async (t) => {
  for (const [name, schema] of Object.entries(document.components.schemas)) explained(schema as Schema, name);

  function explained(schema: Schema, path: string): void {
    t.ok(schema.description, `${path} has a description`);
    for (const [key, property] of Object.entries(schema.properties ?? {})) {
      explained(property, `${path}.${key}`);
      const nested = property.properties ?? property.items?.properties;
      t.ok(nested || property.examples?.length, `${path}.${key} has an example`);
      for (const [inner, each] of Object.entries(property.items?.properties ?? {})) explained(each, `${path}.${inner}`);
    }
  }
});

t.test('the example of a lead in the document is accepted', async (t) => {
  const { app } = await testApp(t);
  const [example] = document.components.schemas.LeadRequest.examples;
  const answer = await app.inject({ method: 'POST', url: '/conversations', payload: toDomain(example) });
  t.equal(answer.statusCode, 201);
  const listing = document.components.schemas.LeadRequest.properties.listing.anyOf[0].examples[0];
  t.equal(
    (await app.inject({ method: 'POST', url: '/conversations', payload: goodBody({ listing }) })).statusCode,
    201,
  );
});

t.test('the document is served as it is committed, except for the version', async (t) => {
  const { app } = await testApp(t, { version: document.info.version });
  const answer = await app.inject('/openapi.json');
  t.match(answer.headers, { 'content-type': 'application/json; charset=utf-8' });
  t.strictSame(answer.json(), document);
});

type Schema = {
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
};

type Operation = {
  readonly responses: Readonly<
    Record<string, { content?: Record<string, { examples?: Record<string, { value: unknown }> }> }>
  >;
};

function operations(): Operation[] {
  const paths: readonly Record<string, Operation>[] = Object.values(document.paths);
  return paths.flatMap((path) => Object.values(path));
}
