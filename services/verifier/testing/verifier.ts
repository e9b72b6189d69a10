/** A whole verifier without its Temporal worker: sandbox, artifacts over HTTP, harness. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HarnessSpec } from '#proto/gen/types.ts';
import type { HarnessResult } from '#workflows/verification/ports.ts';
import { runHarness } from '../harness/run-harness.ts';
import type { StageName } from '../harness/stage.ts';
import { createSandbox } from '../sandbox/create-sandbox.ts';
import type { SandboxLimits } from '../sandbox/limits.ts';
import { INSTALL_HINT, type MachineProbe, probeMachine } from '../sandbox/machine.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { resolveToolchain } from '../sandbox/toolchain.ts';
import { openScratch } from '../scratch.ts';
import { type ArtifactServer, startArtifactServer } from './artifact-server.ts';
import { makeRepository, type Repository } from './repository.ts';

export const machineProbe: MachineProbe = probeMachine();

/** Part of a test's name where the machine cannot run it. */
export const bubblewrapNeeded = machineProbe.ok ? '' : ` (needs bubblewrap: ${INSTALL_HINT})`;

export interface TestVerifier extends AsyncDisposable {
  readonly directory: string;
  /** Empty while nothing is judged. */
  readonly scratch: string;
  readonly sandbox: Sandbox;
  readonly server: ArtifactServer;
  repository(files: Readonly<Record<string, string>>): Repository;
  verify(request: VerifyRequest): Promise<HarnessResult>;
}

export interface VerifyRequest {
  readonly repository: Repository;
  readonly patch: Uint8Array;
  readonly harness: Partial<HarnessSpec> & Pick<HarnessSpec, 'commands'>;
  readonly onStage?: (stage: StageName) => void;
  readonly signal?: AbortSignal;
  readonly baseTree?: string;
  /** Fetch from here instead of from a bundle. */
  readonly url?: string;
}

export async function startTestVerifier(
  options: {
    limits?: Partial<SandboxLimits>;
    caches?: Readonly<Record<string, string>>;
    egressSocket?: string;
    unsandboxed?: boolean;
  } = {},
): Promise<TestVerifier> {
  const directory = mkdtempSync(join(tmpdir(), 'oa-verifier-test-'));
  const scratch = openScratch(join(directory, 'scratch'));
  const server = await startArtifactServer(directory);
  const sandbox = createSandbox(
    options.unsandboxed ? { ok: false, reason: 'this test goes without' } : machineProbe,
    {
      toolchain: resolveToolchain(process.env),
      scratch: scratch.directory,
      owner: scratch.owner,
      hostEnvironment: process.env,
      allowUnsandboxed: options.unsandboxed ?? false,
      ...(options.limits && { limits: options.limits }),
    },
  );
  return {
    directory,
    scratch: scratch.directory,
    sandbox,
    server,
    repository: (files) => makeRepository(directory, files),
    async verify({ repository, patch, harness, onStage, signal, baseTree, url }) {
      return runHarness(
        {
          sandbox,
          artifacts: server.artifacts,
          scratch: scratch.directory,
          caches: options.caches ?? {},
          egressSocket: options.egressSocket ?? null,
          toolchain: 'as in the test',
        },
        {
          run_id: 'run_test',
          verification_id: 'verification_test',
          attempt: 1,
          repo: {
            bundle: url ? null : await server.put('repo_bundle', repository.bundle),
            url: url ?? null,
            base_commit: repository.baseCommit,
            base_tree: baseTree ?? repository.baseTree,
          },
          patch: await server.put('patch', patch),
          harness: { protected_paths: [], env: {}, mounts_ro: [], timeout_s: 60, ...harness },
          limits: { wall_s_max: 0, output_bytes_max: 0 },
        },
        { signal: signal ?? new AbortController().signal, ...(onStage && { onStage }) },
      );
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
