import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sandbox, SandboxJob, SandboxOutcome } from '../sandbox/sandbox.ts';
import { failed } from './verdict.ts';

/** In the order in which they run, and as `CommandResult.stage` names them. */
export type StageName = 'setup' | 'base' | 'setup_patched' | 'patched_1' | 'patched_2';

export interface StageRequest {
  readonly name: StageName;
  readonly commands: readonly string[];
  readonly unpack: NonNullable<SandboxJob['unpack']>;
  /** For all commands of the stage together. */
  readonly wallMs: number;
  readonly outputBytes: number;
  readonly env: Readonly<Record<string, string>>;
  readonly caches: Readonly<Record<string, string>>;
  readonly egressSocket?: string;
  /** Where to leave the workspace when every command passed. */
  readonly keep?: string;
}

export interface StageCommand extends SandboxOutcome {
  readonly command: string;
  readonly stage: StageName;
}

/** A stage's clock never gives a command less than this: what is left after a late predecessor ends as timed out. */
const WALL_MS_MIN = 100;

/** Runs commands one after the other, each in a room of its own that begins with what the one before left. */
export async function runStage(
  deps: { sandbox: Sandbox; directory: string; signal: AbortSignal },
  request: StageRequest,
): Promise<StageCommand[]> {
  const { name, commands, wallMs, keep, outputBytes, env, caches, egressSocket } = request;
  const ran: StageCommand[] = [];
  let unpack = request.unpack;
  let leftMs = wallMs;
  for (const [index, command] of commands.entries()) {
    const last = index === commands.length - 1;
    const pack = last ? keep : join(deps.directory, `${name}-${index}.tar`);
    const outcome = await deps.sandbox.run(
      {
        command,
        unpack,
        env,
        caches,
        ...(pack && { pack }),
        ...(egressSocket && { egressSocket }),
        limits: {
          wallMs: Math.max(leftMs, WALL_MS_MIN),
          outputBytes: Math.min(outputBytes, deps.sandbox.limits.outputBytes),
        },
      },
      deps.signal,
    );
    ran.push({ ...outcome, command, stage: name });
    if (index > 0) await rm(unpack[0], { force: true });
    if (failed(ran)) break;
    leftMs -= outcome.durationMs;
    if (pack) unpack = [pack];
  }
  return ran;
}
