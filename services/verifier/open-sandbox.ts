import { join } from 'node:path';
import type { Logger } from '#services/shared/logger.ts';
import type { VerifierConfig } from './config.ts';
import { type EgressProxy, startEgressProxy } from './egress/proxy.ts';
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
  /** Programs and versions that a harness finds; asked while the rest of the process starts. */
  readonly toolchain: Promise<string>;
  readonly egressSocket: string | null;
  close(): Promise<void>;
}

/** Probes the machine once, removes what a dead verifier left, and says in the log how strong the walls are. */
export async function openVerifierSandbox(
  config: VerifierConfig,
  environment: Readonly<Record<string, string | undefined>>,
  logger: Logger,
): Promise<VerifierSandbox> {
  const probe = probeMachine({ path: environment['PATH'] ?? '' });
  const scratch = openScratch(config.OA_VERIFIER_SCRATCH_DIR);
  if (probe.ok) await probe.machine.cgroups?.sweep(isStaleOwner);
  const sandbox = createSandbox(probe, {
    toolchain: resolveToolchain(environment),
    scratch: scratch.directory,
    owner: scratch.owner,
    hostEnvironment: environment,
    allowUnsandboxed: config.OA_ALLOW_UNSANDBOXED,
    ...(probe.ok && {
      limits: defaultLimits(probe.machine.memoryBytes / config.OA_VERIFIER_CONCURRENCY),
    }),
  });
  report(logger, probe, sandbox);
  const egress =
    probe.ok && config.OA_VERIFIER_EGRESS_HOSTS.length > 0
      ? await openEgress(config, scratch, logger)
      : null;
  return {
    sandbox,
    scratch,
    toolchain: describeToolchain(sandbox),
    egressSocket: egress?.socket ?? null,
    async close() {
      await egress?.close();
      scratch.remove();
    },
  };
}

function openEgress(
  config: VerifierConfig,
  scratch: Scratch,
  logger: Logger,
): Promise<EgressProxy> {
  return startEgressProxy({
    socket: join(scratch.directory, 'egress'),
    hosts: config.OA_VERIFIER_EGRESS_HOSTS,
    onDecision: ({ host, port }, refused) => {
      if (refused) logger.warn({ host, port, refused }, 'a setup was refused a connection');
      else logger.debug({ host, port }, 'a setup was connected');
    },
  });
}

function report(logger: Logger, probe: MachineProbe, sandbox: Sandbox): void {
  const { tool, unenforced } = sandbox.isolation;
  if (probe.ok) logger.info({ tool, unenforced }, 'harnesses run in a sandbox');
  else logger.warn({ reason: probe.reason }, 'harnesses run UNSANDBOXED, and each receipt says so');
}
