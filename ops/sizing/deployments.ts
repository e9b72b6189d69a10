import { type Deployment, size } from './model.ts';

const STEP = { topicsPerSocket: 3, eventsPerAppend: 2, hintsPerWriterMax: 20 };

/** The rows of docs/sizing.md: ten thousand sockets on each node, as much work for everyone. */
export const DEPLOYMENTS: readonly Deployment[] = [
  { ...STEP, sockets: 10_000, nodes: 1, topics: 6_000, writers: 2, appendsPerSecond: 50 },
  { ...STEP, sockets: 100_000, nodes: 10, topics: 60_000, writers: 4, appendsPerSecond: 500 },
  {
    ...STEP,
    sockets: 1_000_000,
    nodes: 100,
    topics: 500_000,
    writers: 10,
    appendsPerSecond: 3_000,
  },
  {
    ...STEP,
    sockets: 10_000_000,
    nodes: 1_000,
    topics: 4_000_000,
    writers: 50,
    appendsPerSecond: 20_000,
  },
];

/** One row of the table in docs/sizing.md. */
export function rowOf(deployment: Deployment): string {
  const sizing = size(deployment);
  const whole = (value: number) => Math.round(value).toLocaleString('en');
  return `| ${[
    whole(deployment.sockets),
    whole(deployment.nodes),
    whole(deployment.appendsPerSecond),
    `${whole(sizing.memoryBytesPerNode / 1_048_576)} MiB`,
    sizing.coresPerNode.toFixed(2),
    whole(sizing.deliveriesPerSecond),
    whole(sizing.hintFanOutPerSecond),
    sizing.hintServerCores.postgres.toFixed(2),
    sizing.hintServerCores.nats.toFixed(2),
    sizing.hintDriver,
    whole(sizing.rowsReadPerSecond),
    whole(sizing.polledHeadsPerSecond),
    whole(sizing.postgresConnections),
  ].join(' | ')} |`;
}
