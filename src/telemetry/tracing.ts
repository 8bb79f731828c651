import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Attributes,
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Outbox } from '../domain/ports/outbox.ts';
import type { Provider } from '../domain/provider.ts';

/** Where spans are sent, and how many traces are kept. */
export type TracingOptions = {
  /** URL of the collector, without the path of the signal. */
  readonly endpoint: string;
  /** Headers of every export, such as the collector's token. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly serviceName: string;
  readonly version: string;
  /** Share of the traces without a sampled parent that is kept, from 0 to 1. */
  readonly ratio: number;
};

/** Identifies the current span in log lines, by the names that log collectors link traces with. */
export type TraceFields = { readonly trace_id: string; readonly span_id: string };

/**
 * Traces of the gateway (OpenTelemetry): a span for each request of a lead, for its commit and for each call to the provider.
 * The wrappers change nothing else, so without an endpoint the gateway runs without them. No attribute holds personal data.
 */
export type Tracing = {
  /** Adds a server span to every request of the public listener, as a child of the request's `traceparent`. */
  readonly addHooks: (app: FastifyInstance) => void;
  /** Adds spans to the writes that a request or an attempt waits for. */
  readonly traceStore: (outbox: Outbox) => Outbox;
  /** Adds a client span to each call. */
  readonly traceProvider: (provider: Provider) => Provider;
  /** The headers that continue the current trace at the provider. */
  readonly outgoingHeaders: () => Record<string, string>;
  /** Sends the spans that are left. Never rejects, and takes 5 s at most. */
  readonly close: () => Promise<void>;
};

const FLUSH_MS = 5_000;
const propagator = new W3CTraceContextPropagator();
/** The context of the running request or attempt. */
const current = new AsyncLocalStorage<Context>();

/** The fields of the current span for a log line; `undefined` outside of a span. */
export function traceFields(): TraceFields | undefined {
  const span = trace.getSpan(current.getStore() ?? ROOT_CONTEXT);
  if (!span) return undefined;
  const { traceId, spanId } = span.spanContext();
  return { trace_id: traceId, span_id: spanId };
}

/** Starts tracing. A collector that is unreachable costs spans and nothing else. */
export function startTracing({ endpoint, headers = {}, serviceName, version, ratio }: TracingOptions): Tracing {
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    headers: { ...headers },
    timeoutMillis: FLUSH_MS,
  });
  const provider = new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({ 'service.name': serviceName, 'service.version': version }),
    ),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  return {
    ...createTracing(provider.getTracer('text-connect-gateway', version)),
    close: () => provider.shutdown().catch(() => undefined),
  };
}

/** The wrappers over a tracer. Tests pass one that keeps its spans in memory. */
export function createTracing(tracer: Tracer): Omit<Tracing, 'close'> {
  /** Runs `work` in a new span, whose status says whether it failed. */
  async function inSpan<Result>(
    name: string,
    kind: SpanKind,
    attributes: Attributes,
    work: (span: Span) => Promise<Result>,
  ): Promise<Result> {
    const parent = current.getStore() ?? ROOT_CONTEXT;
    const span = tracer.startSpan(name, { kind, attributes }, parent);
    try {
      return await current.run(trace.setSpan(parent, span), () => work(span));
    } catch (error) {
      // The message of an error may quote a lead.
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'error' });
      throw error;
    } finally {
      span.end();
    }
  }

  return {
    addHooks(app) {
      const contexts = new WeakMap<FastifyRequest, Context>();
      app.addHook('onRequest', (request, reply, done) => {
        const parent = propagator.extract(ROOT_CONTEXT, request.headers, defaultTextMapGetter);
        const route = request.routeOptions.url ?? 'unknown path';
        const span = tracer.startSpan(
          `${request.method} ${route}`,
          { kind: SpanKind.SERVER, attributes: { 'http.request.method': request.method, 'http.route': route } },
          parent,
        );
        const context = trace.setSpan(parent, span);
        contexts.set(request, context);
        // The response closes after its last byte, and also if the client leaves.
        reply.raw.once('close', () => {
          const { statusCode } = reply;
          span.setAttribute('http.response.status_code', statusCode);
          if (statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
        });
        current.run(context, done);
      });
      // Reading the body leaves the asynchronous context of the first hook.
      app.addHook('preValidation', (request, _reply, done) => current.run(contexts.get(request) ?? ROOT_CONTEXT, done));
    },
    traceStore: (outbox) => ({
      ...outbox,
      accept: (lead, now) =>
        inSpan('store.accept', SpanKind.INTERNAL, { 'tcg.site': lead.lead.site }, () => outbox.accept(lead, now)),
      settle: (lease, ...rest) =>
        inSpan('store.settle', SpanKind.INTERNAL, { 'tcg.conversation': lease.id }, () =>
          outbox.settle(lease, ...rest),
        ),
    }),
    traceProvider: (client) => ({
      send: (lead) =>
        inSpan(
          'provider.send',
          SpanKind.CLIENT,
          { 'tcg.site': lead.site, 'tcg.provider': lead.provider },
          async (span) => {
            const answer = await client.send(lead);
            const { outcome, httpStatus } = answer;
            span.setAttribute('tcg.outcome', outcome.class);
            if ('cause' in outcome) span.setAttribute('tcg.cause', outcome.cause);
            if (httpStatus !== undefined) span.setAttribute('http.response.status_code', httpStatus);
            if (outcome.class !== 'delivered') span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.class });
            return answer;
          },
        ),
      close: () => client.close(),
    }),
    outgoingHeaders() {
      const headers: Record<string, string> = {};
      propagator.inject(current.getStore() ?? ROOT_CONTEXT, headers, defaultTextMapSetter);
      return headers;
    },
  };
}
