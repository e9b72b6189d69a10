/**
 * What one unit costs, measured on the machine that docs/sizing.md names, by `measure-node.ts` and `measure-hints.ts`.
 * The model multiplies; whoever has another machine measures there and changes this table.
 */
export const MEASURED = {
  /** Resident memory of a node without sockets. */
  nodeBaseBytes: 132 * 1_048_576,
  /** Of one admitted socket that follows one topic and is silent; 39 and 45 KiB in two runs. */
  idleSocketBytes: 45 * 1_024,
  /** Estimated from what a feed holds, not measured: without its ring, which adds at most RING_BYTES_MAX. */
  followedTopicBytes: 2 * 1_024,
  /** CPU of a node per event and socket, five events of 200 bytes in an append, 200 sockets. */
  deliveryCpuUs: 4,
  /** CPU of a node for the read of one append of interest, 850 with its hint. */
  readCpuUs: 550,
  /** CPU of a node for one hint in which it has no interest, at 66 a second; its own idling is within. */
  hintCpuUs: 300,
  /** CPU of the server that carries hints, per hint and listening node, at 50 hints a second and 50 nodes. */
  postgresHintCpuUs: 41,
  natsHintCpuUs: 10,
} as const;

export type Measured = { readonly [K in keyof typeof MEASURED]: number };
