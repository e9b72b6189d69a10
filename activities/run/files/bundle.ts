import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { findReceiptByKey, listRunReceipts } from '#db/runtime/receipts.ts';
import type { RunRow } from '#db/runtime/runs.ts';
import { canonicalJson, type JsonObject, type JsonValue } from '#proto/canonical.ts';
import type { ArtifactRef } from '#proto/gen/types.ts';
import { ARTIFACT_BYTES_MAX } from '#proto/limits.ts';
import { VERIFICATION_RECEIPT } from '../../verification/record.ts';
import type { RuntimeActivityDeps } from '../deps.ts';
import { RUN_RECEIPT, runReceiptKey } from '../finish.ts';
import type { ReplayFile } from './replay-file.ts';
import { prSummary } from './summary.ts';
import { type TarEntry, writeTar } from './tar.ts';

/** The verified patch bundle, a `.tar.gz` in the store; null where the run has no patch. */
export async function storeBundle(
  deps: RuntimeActivityDeps,
  run: RunRow,
  replay: ReplayFile,
): Promise<ArtifactRef | null> {
  const { sql, artifacts, keySet } = deps;
  if (!run.patch) return null;
  const stored = await findReceiptByKey(sql, {
    schema: RUN_RECEIPT,
    idempotency_key: runReceiptKey(run.run_id),
  });
  if (!stored) throw new Error(`run ${run.run_id} has no receipt`);
  const { receipt } = stored;
  const verifications = await listRunReceipts(sql, {
    run_id: run.run_id,
    schema: VERIFICATION_RECEIPT,
  });
  const verification = verifications.at(-1)?.receipt ?? null;
  const patch = await open(deps, run.patch);
  const lines = await open(deps, replay.artifact);
  const entries: TarEntry[] = [
    text('PR_SUMMARY.md', prSummary(run, receipt, verification)),
    json('RECEIPT.json', receipt),
    ...(verification ? [json('VERIFICATION.json', verification)] : []),
    json('keys.json', (await keySet()) as unknown as JsonValue),
    { name: 'patch.diff', bytes: patch.bytes, content: patch.stream },
    { name: 'REPLAY.jsonl', bytes: replay.bytes, content: lines.stream.compose(createGunzip()) },
  ];
  const archive = Readable.from(writeTar(entries, run.terminal_at?.getTime() ?? 0));
  const bundle = await pipeline(archive, createGzip(), (compressed) =>
    artifacts.put(compressed, { bytesMax: ARTIFACT_BYTES_MAX }),
  );
  return { kind: 'bundle', sha256: bundle.sha256, bytes: String(bundle.bytes), uri: '' };
}

async function open({ artifacts }: RuntimeActivityDeps, artifact: ArtifactRef) {
  const opened = await artifacts.get(artifact.sha256);
  if (!opened) throw new Error(`the ${artifact.kind} ${artifact.sha256} is not in the store`);
  return opened;
}

function json(name: string, value: JsonObject | JsonValue): TarEntry {
  return text(name, `${canonicalJson(value)}\n`);
}

function text(name: string, content: string): TarEntry {
  const bytes = Buffer.from(content);
  return { name, bytes: bytes.length, content: [bytes] };
}
