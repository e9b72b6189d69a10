/** From the flags of `oa run` to the spec of a run: what is meant is resolved here, on the machine where it was typed. */
import { access, constants, realpath, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve } from 'node:path';
import type { AgentSpec, RepoSpec, RunSpec } from '#proto/gen/types.ts';
import type { Draft } from '#proto/read.ts';
import { createGit, type Environment, type Git, GitError } from '../agent-host/git.ts';
import type { Config } from './config.ts';
import { usageError } from './exit-codes.ts';

export interface RunFlags {
  repo?: string;
  ref?: string;
  agent?: string;
  model?: string;
  verify?: string[];
  setup?: string[];
  setupNetwork?: 'none' | 'egress';
  worker?: string;
  attempts?: number;
  timeout?: number;
  approvalPolicy?: 'on_request' | 'untrusted' | 'never';
  sandbox?: 'read_only' | 'workspace_write' | 'full_access';
  fullAccess?: boolean;
  allowDirty?: boolean;
}

export interface ResolvedRun {
  spec: Draft<RunSpec>;
  /** Said to the person before the run starts. */
  notes: string[];
}

const GIT_URL = /^(?:https?|ssh|git):\/\/|^[\w.-]+@[\w.-]+:(?!\/\/)/;
/** Anything of these means that a shell is wanted. */
const SHELL_SYNTAX = /[|&;<>()$`*?[\]#~\n]/;

export async function resolveRun(
  objective: string,
  flags: RunFlags,
  config: Config,
  place: { cwd: string; environment: Environment },
): Promise<ResolvedRun> {
  const git = createGit(place.environment);
  const agentText = flags.agent ?? config.agent;
  if (!agentText) {
    throw usageError(
      '--agent is needed: what does the work',
      'A script path, a command line, or `codex`. Example: --agent ./fix.sh',
    );
  }
  const repo =
    flags.repo === undefined ? undefined : await resolveRepo(git, flags.repo, flags, place.cwd);
  const verify = flags.verify ?? config.verify ?? [];
  if (verify.length > 0 && !repo)
    throw usageError('--verify needs --repo: there is nothing to verify');
  const setup = flags.setup ?? config.setup ?? [];
  const agent = await resolveAgent(agentText, flags, place.cwd, repo?.top);
  const wallSeconds = flags.timeout ?? config.timeout_s;
  const worker = flags.worker ?? config.worker;
  const spec: Draft<RunSpec> = {
    objective,
    work_unit: verify.length > 0 ? 'verified_patch_bundle' : 'agent_task',
    agent,
    ...(repo ? { repo: repo.spec } : {}),
    ...(verify.length > 0
      ? {
          verification: {
            tier_min: 'O',
            attempts_max: flags.attempts ?? config.attempts ?? 0,
            harness: {
              commands: verify,
              setup: {
                commands: setup,
                network: flags.setupNetwork ?? config.setup_network ?? 'none',
              },
            },
          },
        }
      : {}),
    ...(worker ? { worker: { worker_id: worker } } : {}),
    ...(wallSeconds ? { limits: { wall_s_max: wallSeconds } } : {}),
  };
  const unverified = verify.length === 0 ? ['without --verify there is no verdict'] : [];
  return { spec, notes: [...(repo?.notes ?? []), ...unverified] };
}

interface ResolvedRepo {
  spec: Draft<RepoSpec>;
  top: string | undefined;
  notes: string[];
}

/** A path becomes the top of its work tree and the exact commit that the ref names now. */
async function resolveRepo(
  git: Git,
  source: string,
  flags: RunFlags,
  cwd: string,
): Promise<ResolvedRepo> {
  if (GIT_URL.test(source)) {
    return { spec: { source, ref: flags.ref ?? '' }, top: undefined, notes: [] };
  }
  const path = resolve(cwd, source);
  const options = { cwd: path, userConfig: true };
  if (!(await isDirectory(path))) throw usageError(`--repo ${source}: there is no such directory`);
  const top = await git.text(['rev-parse', '--show-toplevel'], options).catch((error: unknown) => {
    if (error instanceof GitError) throw usageError(`--repo ${source} is not a git work tree`);
    throw error;
  });
  const ref = flags.ref ?? 'HEAD';
  const commit = await git
    .text(['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`], options)
    .catch((error: unknown) => {
      if (!(error instanceof GitError)) throw error;
      const why = flags.ref
        ? `there is no commit ${ref} in ${source}`
        : `${source} has no commit yet`;
      throw usageError(flags.ref ? `--ref: ${why}` : `--repo: ${why}`);
    });
  const dirty = await git.text(['status', '--porcelain', '--untracked-files=no'], options);
  if (dirty !== '' && !flags.allowDirty) {
    throw usageError(
      `${source} has changes that are not committed, and a run works from a commit`,
      'Commit them, or pass --allow-dirty to run without them.',
    );
  }
  return {
    spec: { source: await realpath(top), ref: flags.ref ?? '', base_commit: commit },
    top: await realpath(top),
    notes:
      dirty === ''
        ? []
        : [`changes that are not committed are left out; the base is ${commit.slice(0, 12)}`],
  };
}

async function resolveAgent(
  text: string,
  flags: RunFlags,
  cwd: string,
  top: string | undefined,
): Promise<Draft<AgentSpec>> {
  if (flags.fullAccess && flags.sandbox && flags.sandbox !== 'full_access') {
    throw usageError(`--full-access and --sandbox ${flags.sandbox} exclude each other`);
  }
  const sandbox = flags.fullAccess ? 'full_access' : (flags.sandbox ?? 'workspace_write');
  if (text === 'codex') {
    const approval_policy = flags.approvalPolicy ?? 'on_request';
    return { driver: 'codex', model: flags.model ?? '', approval_policy, sandbox };
  }
  if (flags.approvalPolicy) throw usageError('--approval-policy needs an agent that asks: codex');
  return { driver: 'command', command: await resolveCommand(text, cwd, top), sandbox };
}

/** A path to a script, or a command line; with shell syntax in it the shell runs it. */
async function resolveCommand(
  text: string,
  cwd: string,
  top: string | undefined,
): Promise<string[]> {
  const whole = await scriptAt(text, cwd, top);
  if (whole) return [whole];
  if (SHELL_SYNTAX.test(text)) return ['/bin/sh', '-c', text];
  const [program, ...rest] = splitWords(text);
  if (program === undefined) throw usageError('--agent is empty');
  if (!program.includes('/')) return [program, ...rest];
  const script = await scriptAt(program, cwd, top);
  if (script) return [script, ...rest];
  // A path that is not here may be in the repository at another ref, or on the worker's machine.
  if (top || isAbsolute(program)) return [program, ...rest];
  throw usageError(`--agent ${program}: there is no such file`);
}

/**
 * A script below the repository is named relative to it, so that the run's own work tree supplies it; any other is named
 * absolutely.
 */
async function scriptAt(
  path: string,
  cwd: string,
  top: string | undefined,
): Promise<string | undefined> {
  if (!path.includes('/')) return undefined;
  for (const base of top === undefined ? [cwd] : [cwd, top]) {
    const found = await realpath(resolve(base, path)).catch(() => undefined);
    if (found === undefined || (await isDirectory(found))) continue;
    await access(found, constants.X_OK).catch(() => {
      throw usageError(`--agent ${path} is not executable`, `chmod +x ${path}`);
    });
    const inside = top === undefined ? undefined : relative(top, found);
    return inside && !inside.startsWith('..') ? `./${inside}` : found;
  }
  return undefined;
}

/** Words as a shell splits them, with single and double quotes and backslashes, and nothing expanded. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  const pattern = /(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gy;
  let at = line.search(/\S/);
  while (at >= 0 && at < line.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(line);
    if (!match) throw usageError(`--agent: a quote is not closed in ${line}`);
    words.push(unquote(match[0]));
    const rest = line.slice(pattern.lastIndex).search(/\S/);
    at = rest < 0 ? -1 : pattern.lastIndex + rest;
  }
  return words;
}

function unquote(word: string): string {
  return word.replace(/\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/g, (_, escaped, double, single) => {
    if (escaped !== undefined) return escaped as string;
    if (double !== undefined) return (double as string).replace(/\\(["\\$`])/g, '$1');
    return single as string;
  });
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** A name for a worker, where none was given. */
export function defaultWorkerName(root: string): string {
  return basename(join(root, '.')) || 'worker';
}
