import t from 'tap';
import { testApp } from '../support/http/app.ts';

t.test('every answer of the API has a policy that forbids scripts and framing', async (t) => {
  const { app } = await testApp(t);
  for (const [method, url] of [
    ['GET', '/healthz'],
    ['GET', '/nope'],
    ['POST', '/conversations'],
    ['OPTIONS', '/conversations'],
    ['GET', '/openapi.json'],
  ] as const) {
    const { headers } = await app.inject({ method, url });
    t.match(
      headers,
      {
        'content-security-policy': "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'cross-origin',
        'x-request-id': /^[0-9a-f-]{36}$/,
      },
      `${method} ${url}`,
    );
    t.notOk(headers['x-powered-by']);
    t.notOk(headers.server);
  }
});

t.test('the reference may run only scripts from this host', async (t) => {
  const { app } = await testApp(t);
  for (const url of ['/docs', '/docs/', '/docs/problems', '/docs/static/swagger-ui-bundle.js']) {
    const { statusCode, headers } = await app.inject(url);
    t.equal(statusCode, 200, url);
    const policy = String(headers['content-security-policy']);
    t.match(policy, /^default-src 'none';script-src 'self';style-src 'self';/);
    t.match(policy, /frame-ancestors 'none'/);
    t.notMatch(policy, /unsafe|https:|\*/);
  }
});
