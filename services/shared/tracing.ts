import { appendFileSync } from 'node:fs';
import {
  type Attributes,
  type Context,
  context,
  propagation,
  type Span,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { Resource } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  type Sampler,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import { carryTraceContext } from './trace-context.ts';

/** The spans an operator can look for, whichever process they come from. */
export type SpanName =
  | `runtime.${'ingest' | 'infer' | 'tool' | 'persist' | 'stream'}`
  | `${'control' | 'khala' | 'verifier'}.${string}`;

export interface Tracing {
  /** For libraries that make spans of their own, as Temporal's interceptors. */
  readonly tracer: Tracer;
  /** Runs `work` inside a span: a child of the current one, or of `traceparent` where there is none. */
  span<T>(
    name: SpanName,
    attributes: Attributes,
    work: (span: Span) => Promise<T>,
    traceparent?: string,
  ): Promise<T>;
  /** The W3C header for the next service; absent outside a span. */
  traceparent(): string | undefined;
  traceId(): string | undefined;
  close(): Promise<void>;
}

/** Tracing of one process. Without a file spans only carry trace ids along. */
export function createTracing(options: { service: string; file?: string }): Tracing {
  carryTraceContext();
  const provider = new BasicTracerProvider({
    resource: new Resource({ 'service.name': options.service }),
    sampler: samplerFor(options.file),
    spanProcessors: options.file ? [new BatchSpanProcessor(fileExporter(options.file))] : [],
  });
  const tracer = provider.getTracer('openagents');

  return {
    tracer,
    async span(name, attributes, work, traceparent) {
      const parent = parentContext(traceparent);
      const span = tracer.startSpan(name, { attributes }, parent);
      try {
        return await context.with(trace.setSpan(parent, span), () => work(span));
      } catch (error) {
        span.recordException(error as Error);
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    },
    traceparent() {
      const carrier: Record<string, string> = {};
      propagation.inject(context.active(), carrier);
      return carrier['traceparent'];
    },
    traceId: () => trace.getSpanContext(context.active())?.traceId,
    close: () => provider.shutdown(),
  };
}

/**
 * Spans that nobody reads are not recorded, here and, since the flag travels with the trace, in the workflows; their ids
 * still join the logs of the processes.
 */
export function samplerFor(file: string | undefined): Sampler {
  return file ? new ParentBasedSampler({ root: new AlwaysOnSampler() }) : new AlwaysOffSampler();
}

function parentContext(traceparent: string | undefined): Context {
  const active = context.active();
  const isRoot = trace.getSpanContext(active) === undefined;
  return isRoot && traceparent ? propagation.extract(active, { traceparent }) : active;
}

/** One JSON line per span: enough to follow a request through our processes without a collector. */
export function fileExporter(file: string): SpanExporter {
  return {
    export(spans: ReadableSpan[], done: (result: ExportResult) => void) {
      try {
        appendFileSync(file, spans.map(spanLine).join(''));
        done({ code: ExportResultCode.SUCCESS });
      } catch (error) {
        done({ code: ExportResultCode.FAILED, error: error as Error });
      }
    },
    shutdown: async () => {},
  };
}

function spanLine(span: ReadableSpan): string {
  const [seconds, nanoseconds] = span.startTime;
  const line = {
    trace_id: span.spanContext().traceId,
    span_id: span.spanContext().spanId,
    parent_span_id: span.parentSpanId ?? '',
    service: span.resource.attributes['service.name'],
    name: span.name,
    started_at_ms: seconds * 1000 + nanoseconds / 1e6,
    duration_ms: span.duration[0] * 1000 + span.duration[1] / 1e6,
    ok: span.status.code !== SpanStatusCode.ERROR,
    attributes: span.attributes,
  };
  return `${JSON.stringify(line)}\n`;
}
