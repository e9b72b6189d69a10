/** PromQL over the metrics that our processes register: a name or a label that nobody registers does not compile. */
import type { CONTROL_METRICS } from '#services/control/metrics.ts';
import type { KHALA_METRICS } from '#services/khala/metrics.ts';
import type { RUNTIME_METRICS } from '#services/runtime/metrics.ts';
import type { WORKER_METRICS } from '#services/worker/metrics.ts';

type Registry = typeof CONTROL_METRICS &
  typeof RUNTIME_METRICS &
  typeof KHALA_METRICS &
  typeof WORKER_METRICS;

type OfKind<K extends string> = {
  [N in keyof Registry]: Registry[N] extends { kind: infer Found }
    ? K extends Found
      ? N
      : never
    : never;
}[keyof Registry];

type LabelOf<N extends keyof Registry> = Registry[N] extends { labels: readonly (infer L)[] }
  ? L & string
  : never;

/** `reason: ['a', 'b']` matches either; `not: …` everything else. */
type Where<N extends keyof Registry> = Partial<
  Record<LabelOf<N>, string | readonly string[] | { not: string | readonly string[] }>
>;

type Window = '5m' | '10m' | '15m' | '1h';

const PREFIX = 'openagents_';

export function increase<N extends OfKind<'counter'>>(
  name: N,
  window: Window,
  where: Where<N> = {},
): string {
  return `sum(increase(${selector(name, where)}[${window}]))`;
}

/** Per second; `by` keeps a series for each value of a label. */
export function rate<N extends OfKind<'counter'>>(
  name: N,
  window: Window,
  where: Where<N> = {},
  by?: LabelOf<N>,
): string {
  return `sum${by ? ` by (${by})` : ''} (rate(${selector(name, where)}[${window}]))`;
}

/** The share of some in all of a counter, 0 to 1; nothing where nothing was counted. */
export function share<N extends OfKind<'counter'>>(
  name: N,
  window: Window,
  some: Where<N>,
  all: Where<N> = {},
): string {
  return `${rate(name, window, some)} / (${rate(name, window, all)} > 0)`;
}

/** In the unit that the name ends with. */
export function quantile<N extends OfKind<'histogram'>>(
  q: number,
  name: N,
  window: Window,
  by?: LabelOf<N>,
): string {
  const kept = by ? `le, ${by}` : 'le';
  return `histogram_quantile(${q}, sum by (${kept}) (rate(${PREFIX}${name}_bucket[${window}])))`;
}

/** A series for each process. */
export function gauge<N extends OfKind<'gauge'>>(name: N, where: Where<N> = {}): string {
  return selector(name, where);
}

export function total<N extends OfKind<'gauge'>>(name: N, where: Where<N> = {}): string {
  return `sum(${gauge(name, where)})`;
}

function selector(name: string, where: object): string {
  const matchers = Object.entries(where).map(([label, wanted]) => matcher(label, wanted));
  return `${PREFIX}${name}${matchers.length > 0 ? `{${matchers.join(',')}}` : ''}`;
}

function matcher(
  label: string,
  wanted: string | readonly string[] | { not: string | readonly string[] },
): string {
  if (typeof wanted === 'object' && 'not' in wanted) {
    return `${label}!~"${[wanted.not].flat().join('|')}"`;
  }
  return typeof wanted === 'string' ? `${label}="${wanted}"` : `${label}=~"${wanted.join('|')}"`;
}
