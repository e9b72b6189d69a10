import { join } from 'node:path';
import type { HarnessInput } from '#workflows/verification/ports.ts';
import type { RunArtifacts } from './artifacts.ts';
import { type EgressOffer, egressFor } from './egress.ts';
import type { Material } from './prepare.ts';
import { HarnessRefusal } from './refusal.ts';

interface MaterialDeps extends EgressOffer {
  readonly artifacts: RunArtifacts;
}

/** Brings patch and repository onto this machine, as files that only the sandbox will open. */
export async function fetchMaterial(
  deps: MaterialDeps,
  input: HarnessInput,
  directory: string,
  signal: AbortSignal,
): Promise<Material> {
  const { repo, patch, harness, run_id } = input;
  const patchFile = join(directory, 'patch');
  await deps.artifacts.fetch(run_id, patch, patchFile, signal);
  return {
    source: await fetchSource(deps, input, directory, signal),
    baseCommit: repo.base_commit,
    baseTree: repo.base_tree,
    patch: patchFile,
    protectedPaths: harness.protected_paths,
  };
}

async function fetchSource(
  deps: MaterialDeps,
  { repo, run_id }: HarnessInput,
  directory: string,
  signal: AbortSignal,
): Promise<Material['source']> {
  if (repo.bundle) {
    const bundle = join(directory, 'bundle');
    await deps.artifacts.fetch(run_id, repo.bundle, bundle, signal);
    return { bundle };
  }
  if (!repo.url || !/^https?:\/\//.test(repo.url)) {
    throw new HarnessRefusal('the repository is neither a bundle nor an http(s) address');
  }
  return { url: repo.url, egress: egressFor('the repository is an address', deps) };
}
