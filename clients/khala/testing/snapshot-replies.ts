/** Answers of a node to the fetch of a snapshot, as its contract says. */
import { createHash } from 'node:crypto';
import type { Reply } from '../../api/testing/server.ts';

export const TOPIC = 'user:user_01h455vb4pex5vsknk084sn02q:runs';
export const SNAPSHOT_PATH = `/v1/sync/snapshots/${encodeURIComponent(TOPIC)}`;

interface SnapshotDocument {
  format: string;
  topic: string;
  epoch: string;
  as_of_seq: string;
  schema_version: number;
  items: object[];
}

export function snapshotDocument(changes: Partial<SnapshotDocument> = {}): SnapshotDocument {
  return {
    format: 'openagents.sync.snapshot.v1',
    topic: TOPIC,
    epoch: 'e1',
    as_of_seq: '7',
    schema_version: 1,
    items: [{ doc_key: 'run_1', doc_version: '4', kind: 'run.summary', payload: { a: 1 } }],
    ...changes,
  };
}

export function snapshotReply(
  document: object = snapshotDocument(),
  changes: { served?: string; headers?: Record<string, string> } = {},
): Reply {
  const body = JSON.stringify(document);
  const digest = createHash('sha256').update(body).digest('base64');
  return (response) => {
    response.writeHead(200, {
      'content-type': 'application/json',
      'khala-epoch': 'e1',
      'repr-digest': `sha-256=:${digest}:`,
      ...changes.headers,
    });
    response.end(changes.served ?? body);
  };
}

export function statusReply(status: number, headers: Record<string, string> = {}): Reply {
  return (response) => {
    response.writeHead(status, headers);
    response.end();
  };
}
