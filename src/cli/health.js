// The image's health check: asks the public listener whether the process is alive. Exit 0 when it is.

// Not by an `import`, which would make Node load its own HTTP client (`lib/http.ts`).
const { request: http } = process.getBuiltinModule('node:http');
const { request: https } = process.getBuiltinModule('node:https');

const { HOST = '127.0.0.1', PORT = '8080', TLS_CERT_FILE } = process.env;
const host = HOST === '0.0.0.0' ? '127.0.0.1' : HOST === '::' ? '::1' : HOST;
const request = TLS_CERT_FILE ? https : http;

request({ host, port: PORT, path: '/healthz', timeout: 2_000, rejectUnauthorized: false })
  .on('response', ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1))
  .on('timeout', () => process.exit(1))
  .on('error', () => process.exit(1))
  .end();
