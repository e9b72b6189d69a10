/** A node reduced to one summary topic with a snapshot, on a real socket and by the contract of the wire. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { decodeFrame, encodeFrame } from '#proto/khala-binary-frame.ts';
import { KHALA_PROTOCOL, type KhalaMessage } from '#proto/khala-message.ts';
import { SNAPSHOT_PATH, snapshotDocument, snapshotReply, TOPIC } from './snapshot-replies.ts';

export interface ContractNode {
  url: string;
  epoch: string;
  /** Rows by seq from 1: which document each one carries, and its version. */
  rows: { docKey: string; docVersion: bigint }[];
  /** The snapshot served, as of this seq; 0 for none. */
  snapshotSeq: number;
  /** What SUBSCRIBED announces, which may be older. */
  announcedSeq: number;
  /** SUBSCRIBE frames, as the cursor they carried. */
  readonly cursors: (string | undefined)[];
  [Symbol.asyncDispose](): Promise<void>;
}

export async function startContractNode(): Promise<ContractNode> {
  const server = createServer((request, response) => {
    const seen = { method: 'GET', path: request.url ?? '', headers: request.headers, body: '' };
    if (seen.path !== SNAPSHOT_PATH || node.snapshotSeq === 0) {
      response.writeHead(404).end();
      return;
    }
    const held = new Map(
      node.rows.slice(0, node.snapshotSeq).map(({ docKey, docVersion }) => [docKey, docVersion]),
    );
    const document = snapshotDocument({
      epoch: node.epoch,
      as_of_seq: String(node.snapshotSeq),
      items: [...held].map(([doc_key, version]) => ({
        ...{ doc_key, doc_version: String(version), kind: 'run.summary', payload: {} },
      })),
    });
    snapshotReply(document, { headers: { 'khala-epoch': node.epoch } })(response, seen);
  });
  const sockets = new WebSocketServer({ server, handleProtocols: () => KHALA_PROTOCOL });

  function answer(message: KhalaMessage): KhalaMessage[] {
    switch (message.kind) {
      case 'hello':
        return [
          {
            kind: 'welcome',
            ...{ connection_id: 'c', node_id: 'n', token_expires_at_ms: 0n, topics_max: 10 },
            ...{ heartbeat_interval_ms: 10_000, dead_after_ms: 30_000 },
          },
        ];
      case 'subscribe':
        return subscribed(message.resume_after[0], message.request_id);
      default:
        return [];
    }
  }

  function subscribed(
    cursor: { epoch: string; seq: bigint } | undefined,
    requestId: string,
  ): KhalaMessage[] {
    node.cursors.push(cursor && `${cursor.epoch}:${cursor.seq}`);
    const { epoch } = node;
    const head = BigInt(node.rows.length);
    const place = { topic: TOPIC, epoch };
    const announced = BigInt(node.announcedSeq);
    if (cursor && cursor.epoch !== '' && cursor.epoch !== epoch) {
      return [
        {
          ...{ kind: 'snapshot_required', code: 'stale_cursor', reason: 'lineage_mismatch' },
          ...{ ...place, floor_seq: 0n, head_seq: head },
          ...{ snapshot_seq: announced, snapshot_url: announced > 0n ? SNAPSHOT_PATH : '' },
        } as KhalaMessage,
      ];
    }
    const after = cursor ? cursor.seq : announced;
    const begins = !cursor && announced > 0n;
    const tail = node.rows.slice(Number(after)).map(({ docKey, docVersion }, index) => {
      const seq = after + BigInt(index + 1);
      const update = {
        ...{ seq, kind: 'run.summary', payload: new TextEncoder().encode('{}') },
        ...{ payload_hash: '', recorded_at_ms: 0n, event_hash: '' },
        ...{ doc_key: docKey, doc_version: docVersion },
      };
      return { kind: 'update' as const, topic: TOPIC, seq, update };
    });
    return [
      {
        ...{ kind: 'subscribed', ...place, from_seq: after + 1n, head_seq: head },
        ...{ request_id: requestId, snapshot_seq: begins ? announced : 0n },
        ...{ snapshot_url: begins ? SNAPSHOT_PATH : '' },
      } as KhalaMessage,
      ...tail,
      { kind: 'caught_up', ...place, seq: head },
    ];
  }

  sockets.on('connection', (socket) => {
    const send = (message: KhalaMessage) => socket.send(encodeFrame(message));
    send({
      kind: 'challenge',
      ...{ nonce: 'n', protocol_version_min: 1, protocol_version_max: 1 },
      ...{ client_build_id_min: '', client_build_id_max: '', window_expires_at: '' },
    });
    socket.on('message', (data: Buffer) => {
      for (const message of answer(decodeFrame(data))) send(message);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const node: ContractNode = {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/sync`,
    epoch: 'e1',
    rows: [],
    snapshotSeq: 0,
    announcedSeq: 0,
    cursors: [],
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return node;
}
