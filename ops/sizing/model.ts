/** What a deployment of Khala asks of its parts: pure arithmetic over what one unit costs. */
import { SAFETY_POLL_MS } from '#services/khala/limits.ts';
import { MEASURED, type Measured } from './measured.ts';

export interface Deployment {
  sockets: number;
  nodes: number;
  /** Topics that someone follows, each equally. */
  topics: number;
  topicsPerSocket: number;
  /** Processes that publish; each sends hints of its own. */
  writers: number;
  /** Beyond it a writer gathers, and one hint tells of many topics. */
  hintsPerWriterMax: number;
  appendsPerSecond: number;
  eventsPerAppend: number;
}

export interface Sizing {
  socketsPerNode: number;
  memoryBytesPerNode: number;
  topicsOfInterestPerNode: number;
  deliveriesPerSecond: number;
  deliveriesPerSecondAndNode: number;
  /** Publications, after each writer gathered what came while its last ones were under way. */
  hintsPerSecond: number;
  /** Publications times listening nodes. */
  hintFanOutPerSecond: number;
  /** Of one server, in cores. */
  hintServerCores: { postgres: number; nats: number };
  /** LISTEN serves while the database has a core to give to it. */
  hintDriver: 'postgres' | 'nats';
  journalReadsPerSecond: number;
  rowsReadPerSecond: number;
  polledHeadsPerSecond: number;
  postgresConnections: number;
  /** A node is one process on one thread: it serves below 1. */
  coresPerNode: number;
}

/** One query at a time per node, some milliseconds each: what comes meanwhile shares the next one. */
const READS_PER_SECOND_AND_NODE_MAX = 250;
const CONNECTIONS_PER_NODE = 4;
/** Of the database's cores, for notifications. More would be felt by the authority's writes. */
const LISTEN_CORES_MAX = 0.5;

export function size(deployment: Deployment, unit: Measured = MEASURED): Sizing {
  const { sockets, nodes, topics, topicsPerSocket, writers, appendsPerSecond } = deployment;
  const socketsPerNode = sockets / nodes;
  const eventsPerSecond = appendsPerSecond * deployment.eventsPerAppend;

  // Followed at random: a topic is of interest to a node unless none of its sockets follows it.
  const interest = 1 - (1 - 1 / topics) ** (socketsPerNode * topicsPerSocket);
  const topicsOfInterestPerNode = topics * interest;
  const followersPerTopic = (sockets * topicsPerSocket) / topics;
  const deliveriesPerSecond = eventsPerSecond * followersPerTopic;

  const hintsPerSecond = Math.min(appendsPerSecond, writers * deployment.hintsPerWriterMax);
  const hintFanOutPerSecond = hintsPerSecond * nodes;
  const cores = (us: number, perSecond: number) => (us * perSecond) / 1_000_000;
  const postgres = cores(unit.postgresHintCpuUs, hintFanOutPerSecond);
  const nats = cores(unit.natsHintCpuUs, hintFanOutPerSecond);

  const readsPerNode = Math.min(appendsPerSecond * interest, READS_PER_SECOND_AND_NODE_MAX);
  return {
    socketsPerNode,
    memoryBytesPerNode:
      unit.nodeBaseBytes +
      socketsPerNode * unit.idleSocketBytes +
      topicsOfInterestPerNode * unit.followedTopicBytes,
    topicsOfInterestPerNode,
    deliveriesPerSecond,
    deliveriesPerSecondAndNode: deliveriesPerSecond / nodes,
    hintsPerSecond,
    hintFanOutPerSecond,
    hintServerCores: { postgres, nats },
    hintDriver: postgres <= LISTEN_CORES_MAX ? 'postgres' : 'nats',
    journalReadsPerSecond: readsPerNode * nodes,
    rowsReadPerSecond: eventsPerSecond * interest * nodes,
    polledHeadsPerSecond: (topicsOfInterestPerNode * nodes * 1_000) / SAFETY_POLL_MS,
    postgresConnections: nodes * CONNECTIONS_PER_NODE,
    coresPerNode:
      cores(unit.deliveryCpuUs, deliveriesPerSecond / nodes) +
      cores(unit.readCpuUs, readsPerNode) +
      cores(unit.hintCpuUs, hintsPerSecond),
  };
}

/** From so many nodes on LISTEN asks for more than its share, at this rate of hints. */
export function listenServesUpToNodes(hintsPerSecond: number, unit: Measured = MEASURED): number {
  return Math.floor((LISTEN_CORES_MAX * 1_000_000) / (unit.postgresHintCpuUs * hintsPerSecond));
}
