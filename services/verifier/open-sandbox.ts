import type { Logger } from '#services/shared/logger.ts';
import type { VerifierConfig } from './config.ts';
import { createSandbox } from './sandbox/create-sandbox.ts';
import { describeToolchain } from './sandbox/describe-toolchain.ts';
import { defaultLimits } from './sandbox/limits.ts';
import { type MachineProbe, probeMachine } from './sandbox/machine.ts';
import type { Sandbox } from './sandbox/sandbox.ts';
import { resolveToolchain } from './sandbox/toolchain.ts';
import { isStaleOwner, openScratch, type Scratch } from './scratch.ts';

export interface VerifierSandbox {
  readonly sandbox: Sandbox;
  readonly scratch: Scratch;
  readonly toolchain: string;
  readonly egressSocket: string | null;
  close(): void;
}

/** Probes the machine once, removes what a dead verifier left, and says in the log how strong the walls are. */
export async function openVerifierSandbox(
  config: VerifierConfig,
  environment: Readonly<Record<string, string | undefined>>,
  logger: Logger,
): Promise<VerifierSandbox> {
  const path = environment['PATH'] ?? '';
  const probe = probeMachine({ path });
  const scratch = openScratch(config.OA_VERIFIER_SCRATCH_DIR);
  if (probe.ok) await probe.machine.cgroups?.sweep(isStaleOwner);
  const sandbox = createSandbox(probe, {
    toolchain: resolveToolchain(path, environment['HOME'] ?? '/'),
    scratch: scratch.directory,
    owner: scratch.owner,
    hostEnvironment: environment,
    allowUnsandboxed: config.OA_ALLOW_UNSANDBOXED,
    ...(probe.ok && {
      limits: defaultLimits(probe.machine.memoryBytes / config.OA_VERIFIER_CONCURRENCY),
    }),
  });
  const toolchain = await describeToolchain(sandbox);
  report(logger, probe, sandbox, toolchain);
  return { sandbox, scratch, toolchain, egressSocket: null, close: () => scratch.remove() };
}

function report(logger: Logger, probe: MachineProbe, sandbox: Sandbox, toolchain: string): void {
  const { tool, unenforced } = sandbox.isolation;
  if (probe.ok) logger.info({ tool, unenforced, toolchain }, 'harnesses run in a sandbox');
  else logger.warn({ reason: probe.reason }, 'harnesses run UNSANDBOXED, and each receipt says so');
}
