import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import t, { type Test } from 'tap';
import type { Lead } from '../../src/domain/lead.ts';
import type { Outcome } from '../../src/domain/provider.ts';
import { createProviderClient } from '../../src/provider/client.ts';
import { createTracing, traceFields } from '../../src/telemetry/tracing.ts';
import { leadOf, send } from '../support/caller.ts';
import { startGateway } from '../support/gateway.ts';
import { testApp } from '../support/http/app.ts';
import { lead } from '../support/lead.ts';
import { newLead, sqliteOutbox } from '../support/outbox.ts';
import { account } from '../support/provider/raw-server.ts';
import { startProvider } from '../support/provider.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = { traceparent: `00-${TRACE}-b7ad6b7169203331-01` };

/** A tracer that keeps its spans in memory, and the wrappers over it. */
function setup() {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const tracing = createTracing(provider.getTracer('test'));
  return { tracing, spans: () => exporter.getFinishedSpans() };
}

/** A server that answers every request with `answer` and keeps its headers and bodies. */
async function collect(t: Test, answer: string) {
  const requests: { path: string | undefined; headers: NodeJS.Dict<string | string[]>; body: Buffer }[] = [];
  const arrived = Promise.withResolvers<void>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    requests.push({ path: request.url, headers: request.headers, body: Buffer.concat(chunks) });
    arrived.resolve();
    response.setHeader('content-type', 'text/xml').end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, arrived: arrived.promise };
}

t.test(
  'a request, its commit and its call are spans of one trace, which continues the trace of the request',
  async (t) => {
    const { tracing, spans } = setup();
    const outbox = tracing.traceStore(sqliteOutbox(t)());
    t.teardown(() => outbox.close());
    const provider = tracing.traceProvider({
      async send() {
        t.match(tracing.outgoingHeaders().traceparent, new RegExp(`^00-${TRACE}-`), 'the call continues the trace');
        return { outcome: { class: 'not_sent', cause: 'http_503' }, httpStatus: 503, durationMs: 1 };
      },
      async close() {},
    });
    let logged: unknown;
    const { listen } = await testApp(t, {
      addFirstHooks: tracing.addHooks,
      async submit(lead: Lead) {
        logged = traceFields();
        await outbox.accept(newLead(), 1_000_000);
        await provider.send(lead);
        throw new Error('a fault that quotes (404) 555-1212');
      },
    });
    const base = `http://127.0.0.1:${await listen()}`;
    t.equal((await send(base, leadOf(1), PARENT)).status, 500);

    const found = Object.fromEntries(spans().map((span) => [span.name, span]));
    t.strictSame(Object.keys(found).sort(), ['POST /conversations', 'provider.send', 'store.accept']);
    const request = found['POST /conversations'];
    t.equal(request?.parentSpanContext?.spanId, 'b7ad6b7169203331');
    for (const span of spans()) t.equal(span.spanContext().traceId, TRACE, span.name);
    for (const name of ['store.accept', 'provider.send'])
      t.equal(
        found[name]?.parentSpanContext?.spanId,
        request?.spanContext().spanId,
        `${name} is a child of the request`,
      );
    t.match(request?.attributes, { 'http.route': '/conversations', 'http.response.status_code': 500 });
    t.match(found['provider.send']?.attributes, { 'tcg.outcome': 'not_sent', 'tcg.cause': 'http_503' });
    t.strictSame(logged, { trace_id: TRACE, span_id: request?.spanContext().spanId }, 'log lines carry the trace');
    t.notMatch(
      JSON.stringify(spans().map(({ attributes, status, events }) => ({ attributes, status, events }))),
      '555',
    );
  },
);

t.test('a failed write ends its span with the type of the error and without its message', async (t) => {
  const { tracing, spans } = setup();
  const outbox = sqliteOutbox(t)();
  await outbox.close();
  await t.rejects(tracing.traceStore(outbox).accept(newLead(), 1_000_000));
  t.match(spans(), [{ name: 'store.accept', status: { code: 2 } }]);
  t.notOk(spans()[0]?.status.message?.includes(' '), 'the status holds a name only');
});

t.test('outside of a span there is no trace to log or to continue', async (t) => {
  const { tracing } = setup();
  t.equal(traceFields(), undefined);
  t.strictSame(tracing.outgoingHeaders(), {});
});

t.test('the call to the provider has the headers of its trace', async (t) => {
  const { tracing } = setup();
  const { url, requests } = await collect(t, '<R><Status>Success</Status></R>');
  const client = createProviderClient({
    account: () => account({ url }),
    timeoutMs: 5_000,
    headers: tracing.outgoingHeaders,
  });
  t.teardown(() => client.close());
  const { outcome }: { outcome: Outcome } = await tracing.traceProvider(client).send(lead());
  t.equal(outcome.class, 'delivered');
  t.match(requests[0]?.headers.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});

t.test('the program sends its spans to the collector with its headers, and its log lines name the trace', async (t) => {
  const collector = await collect(t, '');
  const provider = await startProvider(t);
  const { url, lines, end } = await startGateway(t, {
    ...provider.env,
    DATABASE_URL: `sqlite:${t.testdir()}/leads.db`,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20canary',
  });
  t.equal((await send(url, leadOf(1), PARENT)).status, 201);
  t.equal((await end('SIGTERM')).code, 0, 'the spans that are left are sent at the stop');
  t.match(collector.requests[0], { path: '/v1/traces', headers: { authorization: 'Bearer canary' } });
  const exported = Buffer.concat(collector.requests.map(({ body }) => body));
  t.ok(exported.includes(Buffer.from(TRACE, 'hex')));
  for (const name of ['POST /conversations', 'store.accept', 'provider.send']) t.ok(exported.includes(name), name);
  for (const event of ['request', 'attempt'])
    t.equal(lines.find((line) => line.event === event)?.trace_id, TRACE, `the line of event ${event} names the trace`);
  t.notMatch(JSON.stringify(lines), 'canary');
});
