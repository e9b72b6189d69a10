import { type BubblewrapOptions, createBubblewrap } from './bubblewrap.ts';
import type { MachineProbe } from './machine.ts';
import type { Sandbox } from './sandbox.ts';
import { createUnsandboxed } from './unsandboxed.ts';

/** This machine cannot isolate a harness, and nobody allowed to go without. */
export class NoSandboxError extends Error {
  override readonly name = 'NoSandboxError';
}

/**
 * The best room this machine has.
 *
 * @throws NoSandboxError where there is none and `allowUnsandboxed` is off
 */
export function createSandbox(
  probe: MachineProbe,
  options: Omit<BubblewrapOptions, 'machine'> & { allowUnsandboxed: boolean },
): Sandbox {
  if (probe.ok) return createBubblewrap({ ...options, machine: probe.machine });
  if (!options.allowUnsandboxed) {
    throw new NoSandboxError(
      `${probe.reason}; OA_ALLOW_UNSANDBOXED=1 runs harnesses without isolation, and says so in each receipt`,
    );
  }
  return createUnsandboxed({
    scratch: options.scratch,
    path: options.hostEnvironment['PATH'] ?? '',
    because: probe.reason,
    ...(options.limits && { limits: options.limits }),
  });
}
