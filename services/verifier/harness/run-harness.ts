/**
 * The objective verdict over one patch (tier O).
 *
 * 1. Base and patched tree go through the same setup and the same commands, each command in a room of its own.
 * 2. A patch is run twice, each time from the same archive; only two equal passes are accepted.
 * 3. Network is for setup alone, where the run asks for it and this verifier offers it.
 * 4. A refusal of the material is a verdict; an error of ours is thrown and tried again.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactRef, CommandResult } from '#proto/gen/types.ts';
import type { HarnessInput, HarnessResult } from '#workflows/verification/ports.ts';
import { WALL_MS_DEFAULT } from '../sandbox/limits.ts';
import {
  type Sandbox,
  WorkspaceTooLargeError,
  WorkspaceUnusableError,
} from '../sandbox/sandbox.ts';
import type { RunArtifacts } from './artifacts.ts';
import { boundedNames } from './bounded-names.ts';
import { type EgressOffer, egressFor } from './egress.ts';
import { feedbackOf } from './feedback.ts';
import { fetchMaterial } from './material.ts';
import { prepareWorkspaces, type Workspaces } from './prepare.ts';
import { HarnessRefusal } from './refusal.ts';
import { refuseUnrunnable } from './spec.ts';
import { runStage, type StageCommand, type StageName, type StageRequest } from './stage.ts';
import { failed, type Judgement, judge } from './verdict.ts';

export interface HarnessDeps extends EgressOffer {
  readonly artifacts: RunArtifacts;
  /** Directory for this process's temporary files. */
  readonly scratch: string;
  /** Read-only directories that a harness may name in `mounts_ro`. */
  readonly caches: Readonly<Record<string, string>>;
  readonly toolchain: string;
}

export interface HarnessControl {
  readonly signal: AbortSignal;
  readonly onStage?: (stage: StageName) => void;
}

export async function runHarness(
  deps: HarnessDeps,
  input: HarnessInput,
  control: HarnessControl,
): Promise<HarnessResult> {
  const directory = await mkdtemp(join(deps.scratch, 'harness-'));
  try {
    return await judgePatch(deps, input, control, directory);
  } catch (error) {
    const refusal = refusalOf(error, deps.sandbox);
    if (!refusal) throw error;
    return {
      ...resultOf(deps, { verdict: 'rejected', strength: '', reason: refusal.message }),
      feedback: feedbackOf(refusal.message, refusal.detail),
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function judgePatch(
  deps: HarnessDeps,
  input: HarnessInput,
  control: HarnessControl,
  directory: string,
): Promise<HarnessResult> {
  refuseUnrunnable(input.harness);
  const room = { sandbox: deps.sandbox, directory, signal: control.signal };
  const workspaces = await prepareWorkspaces(
    room,
    await fetchMaterial(deps, input, directory, control.signal),
  );
  const stages = await runStages(deps, input, control, directory, workspaces);
  const { commands, base, first, second } = stages;
  const judgement = judge(base, first, second);
  const failure = [...first, ...second].find((run) => failed([run]));
  const touched = boundedNames(workspaces.protectedPathsTouched);
  return {
    ...resultOf(deps, judgement),
    commands: commands.map(commandResult),
    base_tree: workspaces.baseTree,
    protected_paths_touched: touched,
    protected_paths_restored: touched,
    output_refs: await storeOutputs(deps, input.run_id, commands, control.signal),
    feedback:
      judgement.verdict === 'accepted' || !failure
        ? ''
        : feedbackOf(`${judgement.reason}\n$ ${failure.command}`, failure.output.bytes),
  };
}

async function runStages(
  deps: HarnessDeps,
  input: HarnessInput,
  { signal, onStage }: HarnessControl,
  directory: string,
  { base, patched, judge: judgeArchive }: Workspaces,
) {
  const { harness, limits } = input;
  const shared = {
    wallMs: wallMsOf(input),
    outputBytes: Number(limits.output_bytes_max) || Number.POSITIVE_INFINITY,
    env: harness.env,
    caches: chosenCaches(deps.caches, harness.mounts_ro),
  };
  const commands: StageCommand[] = [];
  const run = async (
    request: Pick<StageRequest, 'name' | 'commands' | 'unpack' | 'keep' | 'egressSocket'>,
  ) => {
    onStage?.(request.name);
    const ran = await runStage(
      { sandbox: deps.sandbox, directory, signal },
      { ...shared, ...request },
    );
    commands.push(...ran);
    return ran;
  };
  const setUp = async (name: 'setup' | 'setup_patched', archive: string) => {
    const setup = harness.setup?.commands ?? [];
    if (setup.length === 0) return { ran: [], archive };
    const keep = join(directory, `${name}.tar`);
    const ran = await run({
      name,
      commands: setup,
      unpack: [archive],
      keep,
      ...(harness.setup?.network === 'egress' && egressFor('the setup asks for network', deps)),
    });
    return { ran, archive: keep };
  };
  const test = async (
    name: StageName,
    prepared: { ran: StageCommand[]; archive: string },
    overlay?: string,
  ) =>
    failed(prepared.ran)
      ? prepared.ran
      : run({
          name,
          commands: harness.commands,
          unpack:
            overlay && prepared.ran.length > 0 ? [prepared.archive, overlay] : [prepared.archive],
        });
  const baseRun = await test('base', await setUp('setup', base));
  const preparedPatch = await setUp('setup_patched', patched);
  const first = await test('patched_1', preparedPatch, judgeArchive);
  const second = await test('patched_2', preparedPatch, judgeArchive);
  return { commands, base: baseRun, first, second };
}

/** `mounts_ro` are names of this verifier's caches, never paths of its machine. */
function chosenCaches(
  offered: Readonly<Record<string, string>>,
  names: readonly string[],
): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => {
      const directory = offered[name];
      if (!directory) throw new HarnessRefusal(`this verifier has no cache named "${name}"`);
      return [name, directory];
    }),
  );
}

function wallMsOf({ harness, limits }: HarnessInput): number {
  const own = harness.timeout_s > 0 ? harness.timeout_s * 1000 : WALL_MS_DEFAULT;
  return limits.wall_s_max > 0 ? Math.min(own, limits.wall_s_max * 1000) : own;
}

async function storeOutputs(
  deps: HarnessDeps,
  runId: string,
  commands: readonly StageCommand[],
  signal: AbortSignal,
): Promise<ArtifactRef[]> {
  const refs = new Map<string, ArtifactRef>();
  for (const { output } of commands) {
    if (output.bytes.length === 0 || refs.has(output.hash)) continue;
    refs.set(
      output.hash,
      await deps.artifacts.store(runId, 'harness_output', output.bytes, output.hash, signal),
    );
  }
  return [...refs.values()];
}

function commandResult({
  command,
  stage,
  exitCode,
  durationMs,
  output,
  ended,
}: StageCommand): CommandResult {
  return {
    command,
    stage,
    exit_code: exitCode,
    duration_ms: durationMs,
    output_hash: output.hash,
    output_bytes: String(output.bytes.length),
    ended,
  };
}

function resultOf({ sandbox, toolchain }: HarnessDeps, judgement: Judgement): HarnessResult {
  const { sandboxed, tool, enforced, unenforced } = sandbox.isolation;
  return {
    ...judgement,
    commands: [],
    isolation: { sandboxed, tool, enforced: [...enforced], unenforced: [...unenforced] },
    base_tree: '',
    protected_paths_touched: [],
    protected_paths_restored: [],
    output_refs: [],
    feedback: '',
    toolchain,
  };
}

function refusalOf(error: unknown, sandbox: Sandbox): HarnessRefusal | null {
  if (error instanceof HarnessRefusal) return error;
  if (error instanceof WorkspaceUnusableError) {
    return new HarnessRefusal('what the setup left cannot be used again', error.message);
  }
  if (!(error instanceof WorkspaceTooLargeError)) return null;
  const mebibytes = Math.floor(sandbox.limits.workspaceBytes / (1024 * 1024));
  return new HarnessRefusal(`the repository and what its setup installs exceed ${mebibytes} MiB`);
}
