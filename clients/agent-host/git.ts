import { spawn } from 'node:child_process';

export class GitError extends Error {
  readonly args: readonly string[];
  readonly exitCode: number | null;
  readonly stderr: string;
  constructor(args: readonly string[], exitCode: number | null, stderr: string) {
    super(`git ${args.join(' ')} exited with ${exitCode ?? 'a signal'}: ${stderr.trim()}`);
    this.name = 'GitError';
    this.args = args;
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

export interface GitOptions {
  cwd: string;
  env?: Record<string, string>;
  stdin?: string | Uint8Array;
  signal?: AbortSignal;
  /** Reads the user's own git configuration: only for cloning, which may need their credential helper. */
  userConfig?: boolean;
  timeoutMs?: number;
  /** Refuses more output than this. */
  outputBytesMax?: number;
  /** Is told what git said on standard error, also where it succeeded. */
  warnings?: (text: string) => void;
}

/** A local git operation on a large repository; a clone over the network has its own, larger limit. */
const GIT_TIMEOUT_MS = 120_000;
/** What goes through every file of a tree, on a disk that is slow. */
export const LISTING_TIMEOUT_MS = 15 * 60_000;
/** Enough for any ref, hash or path list; a diff is written to a file instead. */
const GIT_OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
const GIT_STDERR_CHARACTERS_MAX = 4_096;

/**
 * Neither the machine's configuration nor a repository's decides what our patches look like or runs a program of its
 * choice: no hooks, no file-system monitor, no external diff, no line-ending conversion, no prompt.
 */
const FIXED_CONFIG = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.autocrlf=false',
  'core.quotePath=false',
  'core.untrackedCache=false',
  'core.pager=cat',
  'diff.noprefix=false',
  'diff.mnemonicPrefix=false',
  'advice.detachedHead=false',
  'advice.addEmbeddedRepo=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'protocol.ext.allow=never',
].flatMap((entry) => ['-c', entry]);

export interface Git {
  /** Runs git and answers its standard output. Throws GitError on any exit but 0. */
  bytes(args: readonly string[], options: GitOptions): Promise<Buffer>;
  /** The same as text, without the line end. */
  text(args: readonly string[], options: GitOptions): Promise<string>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export function createGit(environment: Environment): Git {
  const bytes = (args: readonly string[], options: GitOptions) =>
    runGit(args, options, gitEnvironment(environment, options));
  return {
    bytes,
    text: async (args, options) => (await bytes(args, options)).toString('utf8').trimEnd(),
  };
}

function runGit(
  args: readonly string[],
  options: GitOptions,
  env: Record<string, string>,
): Promise<Buffer> {
  const limit = options.outputBytesMax ?? GIT_OUTPUT_BYTES_MAX;
  return new Promise((resolve, reject) => {
    const child = spawn('git', [...FIXED_CONFIG, ...args], {
      cwd: options.cwd,
      env,
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? GIT_TIMEOUT_MS,
      killSignal: 'SIGKILL',
      ...(options.signal ? { signal: options.signal } : {}),
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > limit) child.kill('SIGKILL');
      else chunks.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString('utf8')).slice(-GIT_STDERR_CHARACTERS_MAX);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (stderr !== '') options.warnings?.(stderr);
      if (code === 0 && bytes <= limit) resolve(Buffer.concat(chunks));
      else reject(new GitError(args, code, bytes > limit ? `more than ${limit} bytes` : stderr));
    });
    child.stdin.on('error', () => {
      // git may exit without reading its input; its exit code tells.
    });
    child.stdin.end(options.stdin ?? '');
  });
}

function gitEnvironment(environment: Environment, options: GitOptions): Record<string, string> {
  const inherited: Record<string, string> = {};
  for (const name of ['PATH', 'HOME', 'SSH_AUTH_SOCK', 'XDG_CONFIG_HOME']) {
    const value = environment[name];
    if (value !== undefined) inherited[name] = value;
  }
  const isolation: Record<string, string> = options.userConfig
    ? {}
    : { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' };
  return {
    ...inherited,
    ...isolation,
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    // A read must not refresh the index of a repository that is not ours.
    GIT_OPTIONAL_LOCKS: '0',
    GIT_LFS_SKIP_SMUDGE: '1',
    ...options.env,
  };
}
