/** Driver `codex`: the real Codex binary, by its app server. */
import { mkdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, PRIVATE_DIRECTORY_MODE } from '../../../api/atomic-file.ts';
import type { Environment } from '../../git.ts';
import { STOP_GRACE_MS } from '../../process-group.ts';
import type { Sandbox } from '../../sandbox.ts';
import { type AgentDriver, TurnRefusedError } from '../driver.ts';
import { findProvider, prepareHome } from './home.ts';
import { launchOf } from './launch.ts';
import type { CodexBinary } from './locate.ts';
import { removeOldRollouts } from './rollouts.ts';
import { runCodexTurn } from './turn.ts';
import type { TokenPrice } from './usage.ts';

export interface CodexDriverDeps {
  binary: CodexBinary;
  /** CODEX_HOME of this worker. */
  homeDirectory: string;
  /** A server that speaks the Responses API, in the place of OpenAI's. */
  serverUrl: string | undefined;
  /** Where a run names no model. */
  model: string | undefined;
  price: TokenPrice | undefined;
  sandbox: Sandbox;
  environment: Environment;
  hidden: readonly string[];
  now(): number;
  stopGraceMs?: number;
}

export function createCodexDriver(deps: CodexDriverDeps): AgentDriver {
  const { binary, now, price, stopGraceMs = STOP_GRACE_MS } = deps;
  return {
    name: 'codex',
    version: binary.version,
    async tidy(runsDirectory, nowMs) {
      await removeOldRollouts(deps.homeDirectory, runsDirectory, nowMs);
    },
    async runTurn(request, context) {
      const provider = await findProvider(deps.environment, deps.serverUrl);
      if (!provider) {
        throw new TurnRefusedError(
          'invalid_request',
          'Codex has no login on this worker: run `codex login` there, or start the worker with OPENAI_API_KEY',
        );
      }
      const home = { directory: deps.homeDirectory, provider, model: deps.model };
      const temporaryDirectory = join(context.turnDirectory, 'tmp');
      try {
        await prepareHome(home);
        await assertSpace(deps.homeDirectory);
        await mkdir(temporaryDirectory, { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
      } catch (error) {
        throw unusableHome(deps.homeDirectory, error);
      }
      const launch = launchOf(
        { ...deps, binary: binary.path, home, temporaryDirectory },
        request,
        context.workspace,
      );
      return runCodexTurn(
        { price, version: binary.version, stopGraceMs, now },
        launch,
        request,
        context,
      );
    },
  };
}

/** The state that Codex keeps of its threads, with room for one more; on a full disk it dies in its databases. */
export const HOME_FREE_BYTES_MIN = 64 * 1024 * 1024;

async function assertSpace(directory: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize < HOME_FREE_BYTES_MIN) throw outOfSpace(directory);
}

function outOfSpace(directory: string): Error {
  return new Error(`no space is left for Codex in ${directory}`);
}

function unusableHome(directory: string, error: unknown): unknown {
  switch (errorCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return outOfSpace(directory);
    case 'EACCES':
    case 'EROFS':
      return new Error(`Codex cannot write to ${directory}`);
    default:
      return error;
  }
}
