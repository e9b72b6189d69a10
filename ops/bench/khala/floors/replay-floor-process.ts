/** The least that a replay can be: rows by one cursor in the journal's order, each made a frame's part, frames of 128. */
import { connect } from '#db/connect.ts';
import { encodeUpdate, updateBatchFrame } from '#proto/khala-frame.ts';
import { BINARY_OPCODE, webSocketFrame } from '#services/khala/wire/web-socket-frame.ts';

export interface ReplayFloorRequest {
  url: string;
  runId: string;
  topic: string;
}

interface Row {
  seq: bigint;
  kind: string;
  payload: Uint8Array;
  payload_sha256: Uint8Array;
  event_hash: Uint8Array;
  inserted_at: Date;
}

const ROWS_PER_READ = 1_024;
const EVENTS_PER_FRAME = 128;

async function replay({
  url,
  runId,
  topic,
}: ReplayFloorRequest): Promise<{ ms: number; events: number }> {
  const sql = connect({ url, max: 1, applicationName: 'bench-floor' });
  await sql`select 1`;
  const beganAtMs = performance.now();
  let events = 0;
  const cursor = sql<Row[]>`
    select seq, event_type as kind, payload, payload_sha256, event_hash, recorded_at as inserted_at
    from runtime.run_events where run_id = ${runId} order by seq`.cursor(ROWS_PER_READ);
  for await (const rows of cursor) {
    for (let from = 0; from < rows.length; from += EVENTS_PER_FRAME) {
      const updates = rows.slice(from, from + EVENTS_PER_FRAME).map((row) => {
        events += 1;
        if (row.seq !== BigInt(events)) throw new Error(`${row.seq} after ${events - 1}`);
        return encodeUpdate({
          ...{ seq: row.seq, kind: row.kind, payload: row.payload },
          payload_hash: hashText(row.payload_sha256),
          recorded_at_ms: BigInt(row.inserted_at.getTime()),
          ...{ doc_key: '', doc_version: 0n },
          event_hash: hashText(row.event_hash),
        });
      });
      webSocketFrame(BINARY_OPCODE, updateBatchFrame(topic, BigInt(events), updates));
    }
  }
  const ms = performance.now() - beganAtMs;
  await sql.end();
  return { ms, events };
}

function hashText(sha256: Uint8Array): string {
  return `sha256:${Buffer.from(sha256).toString('hex')}`;
}

process.on('message', ({ id, request }: { id: number; request: ReplayFloorRequest }) => {
  replay(request).then(
    (value) => process.send?.({ id, value }),
    (fault: unknown) => process.send?.({ id, fault: String(fault) }),
  );
});
process.on('disconnect', () => process.exit(0));
