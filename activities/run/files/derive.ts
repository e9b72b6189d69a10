import { grantArtifact } from '#db/runtime/artifacts.ts';
import { lockRun, type RunRow, readRun } from '#db/runtime/runs.ts';
import { transaction } from '#db/transaction.ts';
import type { ArtifactRef } from '#proto/gen/types.ts';
import type { Sha256 } from '#proto/sha256.ts';
import type { RunActivities, RunFiles } from '#workflows/run/ports.ts';
import type { RuntimeActivityDeps } from '../deps.ts';
import { asJson } from '../events.ts';
import { notifyOwner } from '../notify.ts';
import { storeBundle } from './bundle.ts';
import { storeReplay } from './replay-file.ts';

/** Everything is derived from the closed log and stored by its hash, so a second run writes the same bytes. */
export function createDeriveRunFiles(deps: RuntimeActivityDeps): RunActivities['deriveRunFiles'] {
  return async function deriveRunFiles({ run_id }) {
    const run = await readRun(deps.sql, run_id);
    if (!run?.trajectory_hash) throw new Error(`run ${run_id} has no closed log`);
    const replay = await storeReplay(deps, run);
    const files = { replay: replay.artifact, bundle: await storeBundle(deps, run, replay) };
    if (run.replay?.sha256 !== files.replay.sha256) await announce(deps, run, files);
    return files;
  };
}

async function announce(
  { sql, journal }: RuntimeActivityDeps,
  run: RunRow,
  { replay, bundle }: RunFiles,
): Promise<void> {
  await transaction(sql, async (tx) => {
    // A run and its reconciler may derive at once; one of them says so.
    const locked = await lockRun(tx, run.run_id);
    if (locked?.replay?.sha256 === replay.sha256) return;
    const files = bundle ? [replay, bundle] : [replay];
    await Promise.all(files.map((file) => grantArtifact(tx, grant(run, file))));
    await journal.appendIn(tx, {
      run_id: run.run_id,
      origin: 'platform',
      events: [],
      patch: { replay, ...(bundle && { bundle }) },
    });
    await notifyOwner(tx, journal, run, 'run.files', [
      { replay: asJson(replay), bundle: bundle ? asJson(bundle) : null },
    ]);
  });
}

function grant(run: RunRow, artifact: ArtifactRef) {
  return {
    run_id: run.run_id,
    // Named by the store that hashed it.
    sha256: artifact.sha256 as Sha256,
    bytes: Number(artifact.bytes),
    kind: artifact.kind,
  };
}
