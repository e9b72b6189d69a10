import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { streamReplayLines } from '#db/runtime/replay-lines.ts';
import type { RunRow } from '#db/runtime/runs.ts';
import type { ArtifactRef } from '#proto/gen/types.ts';
import { ARTIFACT_BYTES_MAX } from '#proto/limits.ts';
import { replayBytes } from '#proto/replay-bytes.ts';
import type { RuntimeActivityDeps } from '../deps.ts';

const PRODUCER = 'openagents-worker';

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

  async function* pages(): AsyncGenerator<Buffer> {
    for await (const page of streamReplayLines(sql, run.run_id)) {
      heartbeat();
      yield page;
    }
  }

  async function* chunks(): AsyncGenerator<Buffer> {
    const session = {
      producer: PRODUCER,
      run_id: run.run_id,
      ended_at_ms: run.terminal_at?.getTime() ?? 0,
    };
    for await (const parts of replayBytes(session, pages())) {
      // A chunk is a turn of the thread that compresses: one for each part costs more than the copy.
      const [first] = parts;
      const chunk = first instanceof Buffer && parts.length === 1 ? first : Buffer.concat(parts);
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
