/**
 * The long modes: what takes longer than a merge may wait. Each is cut into shards, which are processes of their own with
 * a seed of their own.
 */
export interface Shard {
  /** From 1. */
  number: number;
  seed: number;
}

export interface LongMode {
  name: string;
  /** What it does, in a line for whoever asks which modes there are. */
  summary: string;
  shards: number;
  /** Arguments of node, from the root of the repository. */
  command(shard: Shard): string[];
  environment(shard: Shard): Record<string, string>;
}

const SIMULATED_HISTORIES_PER_SHARD = 250_000;

export const LONG_MODES: readonly LongMode[] = [
  {
    name: 'simulation',
    summary: 'five million histories of the pure parts',
    shards: 20,
    command: () => ['ops/simulation/main.ts'],
    environment: ({ seed }) => ({
      OA_SIMULATION_SEED: String(seed),
      OA_SIMULATION_HISTORIES: String(SIMULATED_HISTORIES_PER_SHARD),
    }),
  },
  {
    name: 'campaign',
    summary: '10,000 verified runs under 1,000 kills, in shards of its own that resume',
    shards: 1,
    command: ({ seed }) => ['ops/chaos/campaign.ts', '--resume', '--seed', String(seed)],
    environment: () => ({}),
  },
  {
    name: 'deliveries',
    summary: 'ten million deliveries on bad days, each checked, in shards of its own that resume',
    shards: 1,
    command: ({ seed }) => ['ops/khala-checker/long.ts', '--seed', String(seed)],
    environment: () => ({}),
  },
  {
    name: 'faults',
    summary:
      'every line cut and half open, clocks an hour off, large trees, and checks that fail without what they rely on',
    shards: 1,
    command: () => ['node_modules/vitest/vitest.mjs', 'run', '--project', 'long'],
    environment: () => ({ OA_LONG: '1' }),
  },
];
