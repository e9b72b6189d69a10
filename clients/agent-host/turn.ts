/**
 * One turn from request to receipt: workspace, agent, patch, artifacts, events, and exactly one answer. Nothing here
 * talks about leases or topics; the host does.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactRef, JsonObject, RepoSpec } from '#proto/gen/types.ts';
import { PRIVATE_FILE_MODE } from '../api/atomic-file.ts';
import type { ProcessIdentity } from '../api/process-identity.ts';
import type { ApprovalDesk } from './approvals.ts';
import { isDiskFull } from './disk-full.ts';
import {
  type AgentDriver,
  type StopReason,
  type TurnMessage,
  type TurnOutcome,
  TurnRefusedError,
  type TurnRequest,
} from './drivers/driver.ts';
import { GitError } from './git.ts';
import { applyPatch, beginTurn, writeBundle, writePatch } from './patch.ts';
import { type HostLog, type Publisher, startPublisher } from './publisher.ts';
import type { TerminalReceipt } from './request-journal.ts';
import { type EventInput, Spool, type SpooledEvent } from './spool.ts';
import { suspectedSecrets } from './suspected-secrets.ts';
import { type WorkerErrorCode, workerError } from './worker-error.ts';
import {
  describeFile,
  keepWorkspace,
  openWorkspace,
  removeUnready,
  type StoredFile,
  type Workspace,
  type WorkspaceDeps,
  WorkspaceError,
} from './workspace.ts';
import { describeBase } from './workspace-notes.ts';

/** Of one event; a tree with more to say about it is described by their number. */
const NOTES_MAX = 20;

export type ArtifactKind = 'patch' | 'repo_bundle' | 'output' | 'diff';

export interface TurnDeps {
  workspaces: WorkspaceDeps;
  driver(name: AgentDriver['name']): AgentDriver | undefined;
  postEvents(runId: string, events: SpooledEvent[]): Promise<void>;
  /** Stores a file by its hash, readable through the run. Retries what can be retried. */
  putArtifact(runId: string, kind: ArtifactKind, file: StoredFile): Promise<ArtifactRef>;
  getArtifact(runId: string, sha256: string): Promise<Uint8Array>;
  log: HostLog;
}

export interface Turn extends TurnRequest {
  repo: RepoSpec | undefined;
  method: string;
}

export interface TurnHooks {
  /** Aborts with a StopReason. */
  signal: AbortSignal;
  processStarting(identity: ProcessIdentity): Promise<void>;
  approvals: ApprovalDesk;
  takesMessages(steer: (message: TurnMessage) => Promise<boolean>): void;
}

/** What a turn leaves beside the work tree; the next life of the host finds it under the same name. */
function turnDirectory(runsDirectory: string, turn: { runId: string; requestId: string }): string {
  return join(runsDirectory, turn.runId, 'turns', encodeURIComponent(turn.requestId));
}

function openSpool(runsDirectory: string, turn: { runId: string; requestId: string }) {
  return Spool.open(join(turnDirectory(runsDirectory, turn), 'events.ndjson'), turn.requestId);
}

/** Sends what a killed turn had spooled, so that the log holds it before the turn is reported as interrupted. */
export async function publishLeftovers(
  deps: Pick<TurnDeps, 'workspaces' | 'postEvents' | 'log'>,
  turn: { runId: string; requestId: string },
): Promise<void> {
  const spool = await openSpool(deps.workspaces.runsDirectory, turn);
  const publisher = startPublisher({ post: deps.postEvents, log: deps.log }, turn.runId, spool);
  try {
    await publisher.drained();
  } finally {
    await publisher.stop();
    await spool.close();
  }
}

export async function executeTurn(
  deps: TurnDeps,
  turn: Turn,
  hooks: TurnHooks,
): Promise<TerminalReceipt> {
  const spool = await openSpool(deps.workspaces.runsDirectory, turn);
  const publisher = startPublisher({ post: deps.postEvents, log: deps.log }, turn.runId, spool);
  const events = new EventSink(spool);
  try {
    return await runAgent(deps, turn, hooks, events, publisher);
  } catch (error) {
    if (isDiskFull(error)) return await withoutRoom(deps, turn, publisher);
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    await events.flushed();
    await publisher.drained();
    return workerError(turn, refusal.code, refusal.message, false);
  } finally {
    await publisher.stop();
    await spool.close();
  }
}

/** What was written of the turn is sent; a workspace that was not made whole gives its room back. */
async function withoutRoom(
  { workspaces }: TurnDeps,
  turn: Turn,
  publisher: Publisher,
): Promise<TerminalReceipt> {
  await removeUnready(workspaces.runsDirectory, turn.runId);
  await publisher.drained();
  return workerError(turn, 'worker_unavailable', 'the disk of the worker is full', true);
}

async function runAgent(
  deps: TurnDeps,
  turn: Turn,
  hooks: TurnHooks,
  events: EventSink,
  publisher: Publisher,
): Promise<TerminalReceipt> {
  const driver = deps.driver(turn.agent.driver);
  if (!driver) {
    throw new TurnRefusedError(
      'unsupported_method',
      `this host has no driver ${turn.agent.driver}`,
    );
  }
  const workspace = await openWorkspace(deps.workspaces, turn.runId, turn.repo, hooks.signal);
  if (workspace.fresh && turn.previousPatch) {
    const patch = await deps.getArtifact(turn.runId, turn.previousPatch);
    await applyPatch(deps.workspaces.git, workspace, patch);
  }
  if (workspace.fresh) {
    noteOnWorkspace(events, turn, await describeBase(deps.workspaces.git, workspace));
    await keepWorkspace(workspace);
  }
  await beginTurn(deps.workspaces.git, workspace, turn.turn);
  const outcome = await driver.runTurn(turn, {
    workspace,
    turnDirectory: turnDirectory(deps.workspaces.runsDirectory, turn),
    signal: hooks.signal,
    emit: (event) => events.emit(event),
    processStarting: hooks.processStarting,
    approvals: hooks.approvals,
    takesMessages: hooks.takesMessages,
    storeText: (kind, text) => storeText(deps, turn, kind, text),
  });
  if (events.shed > 0) {
    const text = `[… ${events.shed} parts of the output were left out while the platform was away]\n`;
    const payload = { tool_call_id: `${turn.requestId}/1`, stream: 'stderr', text };
    events.emit({ event_type: 'tool.progress', payload, sheddable: false });
  }
  const results = await storeResults(deps, turn, workspace, outcome, events);
  await events.flushed();
  await publisher.drained();
  return receiptOf(turn, workspace, outcome, results);
}

async function storeText(
  deps: TurnDeps,
  turn: Turn,
  kind: 'diff',
  text: string,
): Promise<ArtifactRef> {
  const path = join(turnDirectory(deps.workspaces.runsDirectory, turn), `${kind}.txt`);
  await writeFile(path, text, { mode: PRIVATE_FILE_MODE });
  return deps.putArtifact(turn.runId, kind, await describeFile(path));
}

/** What somebody who reads the run would otherwise miss in its work tree or its patch. */
function noteOnWorkspace(events: EventSink, turn: Turn, notes: readonly string[]): void {
  if (notes.length === 0) return;
  const shown = notes.slice(0, NOTES_MAX);
  if (notes.length > NOTES_MAX) shown.push(`and ${notes.length - NOTES_MAX} more`);
  const payload = { turn: turn.turn, notes: shown };
  events.emit({ event_type: 'workspace.noted', payload, sheddable: false });
}

interface TurnResults {
  patch: ArtifactRef | null;
  repoBundle: ArtifactRef | null;
  output: ArtifactRef | null;
  filesChanged: number;
  suspectedSecrets: string[];
}

async function storeResults(
  deps: TurnDeps,
  turn: Turn,
  workspace: Workspace,
  outcome: TurnOutcome,
  events: EventSink,
): Promise<TurnResults> {
  const { git } = deps.workspaces;
  const store = async (kind: ArtifactKind, file: StoredFile, more: JsonObject = {}) => {
    const artifact = await deps.putArtifact(turn.runId, kind, file);
    const payload = { artifact: { ...artifact }, ...more };
    events.emit({ event_type: 'artifact.stored', payload, sheddable: false });
    return artifact;
  };

  const hasOutput = outcome.output !== undefined && outcome.output.bytes > 0;
  const output = outcome.output && hasOutput ? await store('output', outcome.output) : null;
  const { file, filesChanged, leftOut } = await writePatch(git, workspace);
  noteOnWorkspace(events, turn, leftOut);
  if (file === undefined) {
    return { patch: null, repoBundle: null, output, filesChanged: 0, suspectedSecrets: [] };
  }
  const suspected = await suspectedSecrets(file.path);
  const flags: JsonObject = suspected.length > 0 ? { suspected_secrets: suspected } : {};
  const patch = await store('patch', file, flags);
  const repoBundle = turn.repo
    ? await store('repo_bundle', await writeBundle(git, workspace))
    : null;
  return {
    patch,
    repoBundle,
    output,
    filesChanged: filesChanged.length,
    suspectedSecrets: suspected,
  };
}

function receiptOf(
  turn: Turn,
  workspace: Workspace,
  outcome: TurnOutcome,
  results: TurnResults,
): TerminalReceipt {
  const failure = failureOf(outcome.stopped, turn) ?? outcome.failure;
  if (failure) return workerError(turn, failure.code, failure.message, failure.retryable);
  return {
    event_type: 'worker.response',
    payload: {
      request_id: turn.requestId,
      method: turn.method,
      ok: true,
      response: {
        status: outcome.status,
        exit_code: outcome.exitCode,
        base_commit: workspace.baseCommit,
        base_tree: workspace.baseTree,
        patch: results.patch && { ...results.patch },
        repo_bundle: results.repoBundle && { ...results.repoBundle },
        files_changed: results.filesChanged,
        output: results.output && { ...results.output },
        turn_seq: turn.turn,
        suspected_secrets: results.suspectedSecrets,
        ...outcome.detail,
      },
    },
  };
}

/** A turn that somebody interrupted has an answer with what it produced; one that broke a limit has an error. */
function failureOf(stopped: StopReason | undefined, turn: Turn) {
  switch (stopped) {
    case undefined:
    case 'interrupted':
      return undefined;
    case 'deadline':
      return failure(
        'timeout',
        'the agent did not finish before the deadline and was killed',
        false,
      );
    case 'output_limit':
      return failure(
        'forbidden',
        `the agent wrote more than the ${turn.outputBytesMax} bytes of output it may and was killed`,
        false,
      );
    case 'host_stopping':
      return failure('worker_unavailable', 'the agent host was stopped while this turn ran', true);
  }
}

function failure(code: WorkerErrorCode, message: string, retryable: boolean) {
  return { code, message, retryable };
}

/** What the request itself is to blame for; anything else is a fault of the host and thrown on. */
function refusalOf(error: unknown): { code: WorkerErrorCode; message: string } | undefined {
  if (error instanceof TurnRefusedError) return error;
  if (error instanceof WorkspaceError) {
    return { code: CODE_OF_WORKSPACE_ERROR[error.code], message: error.message };
  }
  if (error instanceof GitError) return { code: 'invalid_request', message: error.message };
  return undefined;
}

const CODE_OF_WORKSPACE_ERROR = {
  repo_not_allowed: 'forbidden',
  repo_unusable: 'invalid_request',
  ref_not_found: 'invalid_request',
  patch_too_large: 'forbidden',
  work_tree_gone: 'invalid_request',
} as const satisfies Record<WorkspaceError['code'], WorkerErrorCode>;

/** Lets drivers emit without waiting, in order, and reports the first failure to write. */
class EventSink {
  readonly #spool: Spool;
  #last: Promise<unknown> = Promise.resolve();
  #failure: unknown;

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  emit(event: EventInput): void {
    this.#last = this.#spool.append(event).catch((error: unknown) => {
      this.#failure ??= error;
    });
  }

  /** How many events were left out, because too many waited. */
  get shed(): number {
    return this.#spool.shed;
  }

  async flushed(): Promise<void> {
    await this.#last;
    if (this.#failure !== undefined) throw this.#failure;
  }
}
