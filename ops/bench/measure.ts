import { cpus, totalmem } from 'node:os';

/** One figure of a benchmark, mostly a ratio to a baseline that was taken in the same run. */
export interface Measure {
  name: string;
  value: number;
  unit: string;
  better: 'lower' | 'higher';
  goal: number;
  stretch: number;
  /** What `value` is relative to, in words and with its own figure. */
  baseline: string;
  /** The raw samples of the subject and of its baseline. */
  samples: Record<string, number[]>;
}

export interface BenchResult {
  bench: string;
  machine: string;
  measures: Measure[];
}

/** The machine in one line; no host name. */
export function machine(): string {
  const [cpu] = cpus();
  const gib = Math.round(totalmem() / 1024 ** 3);
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${gib} GiB, ${process.platform}, Node ${process.versions.node}`;
}

export function median(values: number[]): number {
  return quantile(values, 0.5);
}

/** The value below which the share `q` of the sorted samples lies, by nearest rank. */
export function quantile(values: number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1));
  return sorted[rank] ?? Number.NaN;
}

export function verdictOf(measure: Measure): 'stretch' | 'goal' | 'missed' {
  const reaches = (bar: number) =>
    measure.better === 'lower' ? measure.value <= bar : measure.value >= bar;
  if (reaches(measure.stretch)) return 'stretch';
  return reaches(measure.goal) ? 'goal' : 'missed';
}

/** A table a person reads. */
export function renderResult(result: BenchResult): string {
  const rows = result.measures.map((measure) => [
    measure.name,
    `${round(measure.value)} ${measure.unit}`,
    `${measure.better === 'lower' ? '≤' : '≥'} ${measure.goal} (${measure.stretch})`,
    verdictOf(measure),
    measure.baseline,
  ]);
  const head = ['measure', 'value', 'goal (stretch)', 'reached', 'baseline'];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [`${result.bench} on ${result.machine}`, '', line(head), ...rows.map(line)].join('\n');
}

function round(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
