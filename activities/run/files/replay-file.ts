import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { readPayload, streamRunEvents } from '#db/runtime/run-events.ts';
import type { RunRow } from '#db/runtime/runs.ts';
import type { ArtifactRef } from '#proto/gen/types.ts';
import { ARTIFACT_BYTES_MAX } from '#proto/limits.ts';
import { type ReplayEvent, writeReplay } from '#proto/replay.ts';
import type { RuntimeActivityDeps } from '../deps.ts';

const PRODUCER = 'openagents-worker';
const EVENTS_PER_HEARTBEAT = 1_000;
/** A chunk is a turn of the thread that compresses, and its buffers: one for each line costs more than the line. */
const CHUNK_LENGTH = 64 * 1_024;

export interface ReplayFile {
  /** Of the gzip file, as stored; its `uri` names the hash of the lines. */
  artifact: ArtifactRef;
  /** Of the lines. */
  bytes: number;
}

/** Writes the run's replay file into the store, compressed, in memory that does not grow with the run. */
export async function storeReplay(
  { sql, artifacts, heartbeat }: Pick<RuntimeActivityDeps, 'sql' | 'artifacts' | 'heartbeat'>,
  run: RunRow,
): Promise<ReplayFile> {
  const hash = createHash('sha256');
  let bytes = 0;

  async function* events(): AsyncGenerator<ReplayEvent> {
    let count = 0;
    for await (const event of streamRunEvents(sql, run.run_id)) {
      count += 1;
      if (count % EVENTS_PER_HEARTBEAT === 0) heartbeat();
      yield {
        seq: event.seq,
        event_type: event.event_type,
        payload: readPayload(event.payload),
        payload_hash: event.payload_hash,
        event_hash: event.event_hash,
        recorded_at_ms: event.recorded_at.getTime(),
        sanitized: event.sanitized,
      };
    }
  }

  async function* chunks(): AsyncGenerator<Buffer> {
    const session = {
      producer: PRODUCER,
      run_id: run.run_id,
      ended_at_ms: run.terminal_at?.getTime() ?? 0,
    };
    for await (const text of gathered(writeReplay(session, events()))) {
      const chunk = Buffer.from(text);
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  }

  const stored = await pipeline(
    Readable.from(chunks(), { highWaterMark: 1 }),
    createGzip(),
    (compressed) => artifacts.put(compressed, { bytesMax: ARTIFACT_BYTES_MAX }),
  );
  return {
    artifact: {
      kind: 'replay',
      sha256: stored.sha256,
      bytes: String(stored.bytes),
      uri: `replay_hash:sha256:${hash.digest('hex')}`,
    },
    bytes,
  };
}

/** Lines in order, many at a time. */
async function* gathered(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let text = '';
  for await (const line of lines) {
    text += line;
    if (text.length < CHUNK_LENGTH) continue;
    yield text;
    text = '';
  }
  if (text) yield text;
}
