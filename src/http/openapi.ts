import swagger from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import { CONVERSATION } from './schemas/conversation.ts';
import { LEAD_FORM } from './schemas/lead-form.ts';
import { LEAD_REQUEST } from './schemas/lead-request.ts';
import { ALIVE, READINESS } from './schemas/operations.ts';
import { CONVERSATION_LIST } from './schemas/partner-list.ts';
import { PROBLEM } from './schemas/problem.ts';
import { SITE_FORM } from './schemas/site-form.ts';
import { CHANGES_PATH, type Deprecation, markDeprecated } from './versions.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the document says of the body, where a route brings it into another shape before it is validated. */
    documentedBody?: object;
  }
}

/** Makes the OpenAPI document of every route that is added from now on; it is put together when it is first asked for. */
export async function addOpenApi(
  app: FastifyInstance,
  { version, deprecations }: { readonly version: string; readonly deprecations: readonly Deprecation[] },
): Promise<void> {
  for (const schema of [LEAD_REQUEST, LEAD_FORM, CONVERSATION, CONVERSATION_LIST, SITE_FORM, PROBLEM, ALIVE, READINESS])
    app.addSchema(schema);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Text Connect Gateway',
        version,
        description:
          'Takes leads from "Text us" buttons and partner back ends, keeps them safe and starts a text conversation for each. ' +
          `Errors are explained at [Problems](/docs/problems), changes of the API at [Changes](${CHANGES_PATH}). ` +
          'Every path is the same with `/v1` before it.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [
        { url: '/', description: 'This gateway' },
        { url: '/v1', description: 'The same, with the version in the path' },
      ],
      tags: [
        { name: 'conversations', description: 'Leads and where they stand.' },
        { name: 'forms', description: "What visitors' forms need, and forms without a script." },
        { name: 'health', description: 'For orchestrators and load balancers.' },
      ],
      components: {
        securitySchemes: {
          partnerKey: {
            type: 'http',
            scheme: 'bearer',
            description: "A partner's API key, for calls from a back end.",
          },
        },
      },
    },
    transform: ({ schema, url, route }) => {
      const { documentedBody } = route.config ?? {};
      return { schema: documentedBody ? { ...schema, body: documentedBody } : schema, url };
    },
    transformObject: (documents) =>
      'openapiObject' in documents ? markDeprecated(documents.openapiObject, deprecations) : documents.swaggerObject,
    refResolver: { buildLocalReference: (json, _base, _fragment, index) => String(json.$id ?? `def-${index}`) },
  });
}
