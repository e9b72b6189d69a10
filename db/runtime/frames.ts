import { type Sha256, sha256FromBytes, sha256ToBytes } from '#proto/sha256.ts';
import type { Queryable, Tx } from '../transaction.ts';

export interface FrameRow {
  run_id: string;
  frame_id: string;
  frame_type: string;
  payload_sha256: Sha256;
  seq: bigint;
}

export async function findFrame(
  sql: Queryable,
  runId: string,
  frameId: string,
): Promise<FrameRow | undefined> {
  const [row] = await sql<(Omit<FrameRow, 'payload_sha256'> & { payload_sha256: Buffer })[]>`
    select run_id, frame_id, frame_type, payload_sha256, seq from runtime.frames
    where run_id = ${runId} and frame_id = ${frameId}`;
  return row && { ...row, payload_sha256: sha256FromBytes(row.payload_sha256) };
}

/** Remembers a frame under its run's lock, so that the same id finds it. */
export async function insertFrame(tx: Tx, frame: FrameRow): Promise<void> {
  await tx`
    insert into runtime.frames (run_id, frame_id, frame_type, payload_sha256, seq)
    values (${frame.run_id}, ${frame.frame_id}, ${frame.frame_type},
      ${sha256ToBytes(frame.payload_sha256)}, ${frame.seq})`;
}
