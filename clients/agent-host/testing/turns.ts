import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject, SandboxMode } from '#proto/gen/types.ts';
import { findingsOf } from '#workflows/run/testing/loop-findings.ts';
import { createCommandDriver } from '../drivers/command.ts';
import { createGit } from '../git.ts';
import { detectSandbox } from '../sandbox.ts';
import type { SpooledEvent } from '../spool.ts';
import {
  type ArtifactKind,
  executeTurn,
  type Turn,
  type TurnDeps,
  type TurnHooks,
} from '../turn.ts';

/** What a platform has taken from a turn. */
export interface Taken {
  events: SpooledEvent[];
  artifacts: Partial<Record<ArtifactKind, Buffer>>;
}

export const sandbox = await detectSandbox(process.env['PATH']);

/** A turn's surroundings in a directory: real git, real processes, and what would be sent gathered in memory. */
export function surroundings(
  home: string,
  more: Partial<TurnDeps> = {},
): TurnDeps & { taken: Taken } {
  const taken: Taken = { events: [], artifacts: {} };
  const driver = createCommandDriver({
    sandbox,
    environment: { ...process.env, HOST_SECRET: 'not for agents' },
    passEnvironment: [],
    hidden: [join(home, 'config'), join(home, 'data')],
    now: Date.now,
    stopGraceMs: 500,
  });
  return {
    taken,
    workspaces: {
      git: createGit(process.env),
      root: join(home, 'src'),
      runsDirectory: join(home, 'data', 'runs'),
    },
    driver: (name) => (name === 'command' ? driver : undefined),
    async postEvents(_, events) {
      taken.events.push(...events);
    },
    async putArtifact(_, kind, file) {
      taken.artifacts[kind] = readFileSync(file.path);
      return { kind, sha256: file.sha256, bytes: String(file.bytes), uri: '' };
    },
    async getArtifact() {
      return taken.artifacts.patch ?? Buffer.alloc(0);
    },
    log: { info: () => undefined, warn: () => undefined },
    ...more,
  };
}

export function turnOf(
  command: string[],
  more: Partial<Turn> & { source?: string; mode?: SandboxMode } = {},
): Turn {
  const { source, mode, ...rest } = more;
  return {
    requestId: 'req_1',
    runId: 'run_1',
    threadId: '',
    method: 'turn/start',
    turn: 1,
    objective: 'make it so',
    agent: {
      driver: 'command',
      model: '',
      prompt: '',
      command,
      approval_policy: '',
      sandbox: mode ?? 'workspace_write',
    },
    repo: source ? { source, ref: '', base_commit: '' } : undefined,
    previousPatch: undefined,
    messages: [],
    agentThread: undefined,
    feedback: '',
    deadlineAtMs: Date.now() + 60_000,
    outputBytesMax: 1024 * 1024,
    ...rest,
  };
}

const NO_HOOKS: Omit<TurnHooks, 'signal'> = {
  processStarting: async () => undefined,
  takesMessages: () => undefined,
  approvals: { ask: async () => ({ decision: 'deny', scope: 'once', reason: '' }) },
};

/** No loop may be found in a turn that its agent completed. */
export async function runTurn(
  deps: TurnDeps & { taken?: Taken },
  turn: Turn,
  signal = new AbortController().signal,
  hooks: Partial<TurnHooks> = {},
) {
  const receipt = await executeTurn(deps, turn, { signal, ...NO_HOOKS, ...hooks });
  const response = (receipt.payload['response'] ?? {}) as JsonObject;
  const trace = (deps.taken?.events ?? []).map((event, index) => ({ ...event, seq: index + 1 }));
  const [loop] = response['status'] === 'completed' ? findingsOf(trace) : [];
  if (loop)
    throw new Error(`a loop is found in a turn that was completed: ${loop.finding.message}`);
  return { receipt, response };
}

export function payloads(taken: Taken, type: string): JsonObject[] {
  return taken.events.filter(({ event_type }) => event_type === type).map(({ payload }) => payload);
}

export function outputOf(taken: Taken): string {
  return payloads(taken, 'tool.progress')
    .map(({ text }) => String(text))
    .join('');
}
