import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { controlSettings } from '#services/control/config.ts';
import { CONTROL_METRICS } from '#services/control/metrics.ts';
import { khalaSettings } from '#services/khala/config.ts';
import { KHALA_METRICS } from '#services/khala/metrics.ts';
import { runtimeSettings } from '#services/runtime/config.ts';
import { RUNTIME_METRICS } from '#services/runtime/metrics.ts';
import { commonSettings } from '#services/shared/config.ts';
import type { MetricDefinitions } from '#services/shared/metrics.ts';
import { verifierSettings } from '#services/verifier/config.ts';
import { VERIFIER_METRICS } from '#services/verifier/metrics.ts';
import { workerSettings } from '#services/worker/config.ts';
import { WORKER_METRICS } from '#services/worker/metrics.ts';

interface Process {
  settings: { shape: Readonly<Record<string, z.ZodType>> };
  metrics: MetricDefinitions;
  /** The file that declares what `/readyz` asks. */
  start: string;
}

/** What the documents say about each process, from the process itself. */
export const PROCESSES: Readonly<Record<string, Process>> = {
  control: {
    settings: controlSettings,
    metrics: CONTROL_METRICS,
    start: 'services/control/start.ts',
  },
  runtime: {
    settings: runtimeSettings,
    metrics: RUNTIME_METRICS,
    start: 'services/runtime/start.ts',
  },
  khala: { settings: khalaSettings, metrics: KHALA_METRICS, start: 'services/khala/main.ts' },
  worker: { settings: workerSettings, metrics: WORKER_METRICS, start: 'services/worker/main.ts' },
  verifier: {
    settings: verifierSettings,
    metrics: VERIFIER_METRICS,
    start: 'services/verifier/main.ts',
  },
};

export function metricsTable(metrics: MetricDefinitions): string {
  const rows = Object.entries(metrics).map(([name, { kind, labels, description }]) => {
    const named = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`openagents_${name}\` | ${kind} | ${named} | ${description} |`;
  });
  return ['| metric | kind | labels | what |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

/** The names that `/readyz` answers with, as the process declares them. */
export function readyChecks(root: string, { start }: Process): string[] {
  const source = readFileSync(join(root, start), 'utf8');
  return [...source.matchAll(/\{\s*name: '([a-z_]+)',\s*check\b/g)].map(([, name = '']) => name);
}

/** Defaults that depend on the machine or are lists too long for a table; their documents say so in words. */
const COMPUTED = ['OA_VERIFIER_CONCURRENCY', 'OA_VERIFIER_SCRATCH_DIR', 'OA_VERIFIER_EGRESS_HOSTS'];

/** What a process takes for a setting that is absent: a value, nothing, `required`, or `computed`. */
export function defaultOf(name: string, setting: z.ZodType): string {
  if (COMPUTED.includes(name)) return 'computed';
  const result = setting.safeParse(undefined);
  if (!result.success) return 'required';
  const value = result.data;
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  if (value === false || isEmpty) return '';
  return String(value);
}

export const COMMON = commonSettings;
