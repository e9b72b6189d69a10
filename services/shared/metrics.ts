import type { Attributes } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { Resource } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

/** Ids and positions: each would make a time series of its own. They belong into logs and traces. */
type IdentifyingLabel =
  | `${string}_id`
  | 'id'
  | 'seq'
  | 'cursor'
  | 'guest_scope'
  | 'traceparent'
  | 'tracestate'
  | 'lease_owner'
  | 'path'
  | 'email';

type LabelName<L extends string> = L extends IdentifyingLabel ? never : L;

interface Definition<L extends string> {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly description: string;
  readonly labels: readonly L[];
  /** Upper bounds of a histogram, in the unit its name ends with. */
  readonly buckets?: readonly number[];
}

export type MetricDefinitions = Readonly<Record<string, Definition<string>>>;

type LabelsOf<D> = D extends Definition<infer L> ? Readonly<Record<L, string | number>> : never;

export interface Metric<D> {
  /** Adds to a counter (1 by default), records into a histogram, sets a gauge. */
  record(value: number, labels: LabelsOf<D>): void;
}

export type Metrics<D extends MetricDefinitions> = { readonly [K in keyof D]: Metric<D[K]> } & {
  /** The Prometheus text of everything recorded. */
  readonly text: () => Promise<string>;
};

/** Declares one metric; a label that identifies a single thing does not compile. */
export function metric<const L extends string>(definition: {
  kind: Definition<L>['kind'];
  description: string;
  labels: readonly (L & LabelName<L>)[];
  buckets?: readonly number[];
}): Definition<L> {
  return definition;
}

/** From half a millisecond to half a minute: every latency of ours falls between. */
export const LATENCY_BUCKETS_S = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
] as const;

/** The registry of one process; each name gets the prefix `openagents_`. */
export function createMetrics<const D extends MetricDefinitions>(
  service: string,
  definitions: D,
): Metrics<D> {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const provider = new MeterProvider({
    resource: new Resource({ 'service.name': service }),
    readers: [exporter],
  });
  const meter = provider.getMeter('openagents');
  const serializer = new PrometheusSerializer('openagents', false);

  function instrument(name: string, { kind, description, buckets }: Definition<string>) {
    switch (kind) {
      case 'counter': {
        const counter = meter.createCounter(name, { description });
        return (value: number, labels: Attributes) => counter.add(value, labels);
      }
      case 'gauge': {
        const gauge = meter.createGauge(name, { description });
        return (value: number, labels: Attributes) => gauge.record(value, labels);
      }
      case 'histogram': {
        const advice = { explicitBucketBoundaries: [...(buckets ?? LATENCY_BUCKETS_S)] };
        const histogram = meter.createHistogram(name, { description, advice });
        return (value: number, labels: Attributes) => histogram.record(value, labels);
      }
    }
  }

  const metrics = Object.fromEntries(
    Object.entries(definitions).map(([name, definition]) => [
      name,
      { record: instrument(name, definition) },
    ]),
  );
  return {
    ...metrics,
    async text() {
      const { resourceMetrics, errors } = await exporter.collect();
      if (errors.length > 0) throw new AggregateError(errors, 'Metrics could not be collected.');
      return serializer.serialize(resourceMetrics);
    },
  } as Metrics<D>;
}

/** What every HTTP process measures; spread into its own definitions. */
export const HTTP_METRICS = {
  http_requests_total: metric({
    kind: 'counter',
    description: 'Answered HTTP requests.',
    labels: ['route', 'status', 'code'],
  }),
  http_request_duration_seconds: metric({
    kind: 'histogram',
    description: 'From the first byte of the request to the answer’s head.',
    labels: ['route'],
  }),
  compatibility_checks_total: metric({
    kind: 'counter',
    description: 'Client windows checked; `absent` counts requests without the headers.',
    labels: ['outcome'],
  }),
  auth_failures_total: metric({
    kind: 'counter',
    description: 'Calls without an acceptable caller.',
    labels: ['reason'],
  }),
} as const;
