/**
 * A room without walls, for a developer's machine that has no bubblewrap. Time, output and the environment are bounded;
 * everything else is open, and the receipt says so.
 */
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { bootstrapCommand } from './bootstrap.ts';
import { ISOLATION_FLAGS } from './flags.ts';
import { defaultLimits, type SandboxLimits } from './limits.ts';
import { type Sandbox, SandboxFault } from './sandbox.ts';
import { supervise } from './supervise.ts';

const NO_FILE = '/dev/null';

/** Holds here too: only named variables pass. */
const ENFORCED = ['clean_environment'];

export function createUnsandboxed(options: {
  scratch: string;
  /** PATH of the verifier. */
  path: string;
  /** Why there is no sandbox and what would change that; stands in each receipt. */
  because: string;
  limits?: Partial<SandboxLimits>;
}): Sandbox {
  const { scratch, path, because } = options;
  const limits = { ...defaultLimits(totalmem()), ...options.limits };
  return {
    limits,
    isolation: {
      sandboxed: false,
      tool: `none: ${because}`,
      enforced: ENFORCED,
      unenforced: ISOLATION_FLAGS.map(({ name }) => name).filter(
        (name) => !ENFORCED.includes(name),
      ),
    },
    async run(job, signal) {
      if (job.egressSocket) throw new SandboxFault('no network is handed out without a sandbox');
      const directory = mkdtempSync(join(scratch, 'room-'));
      const files: number[] = [];
      const open = (file: string, mode: 'r' | 'w') => {
        const descriptor = openSync(file, mode, 0o600);
        files.push(descriptor);
        return descriptor;
      };
      try {
        const inputs = linkDirectory(directory, 'inputs', job.inputs ?? {});
        linkDirectory(directory, 'caches', job.caches ?? {});
        const workspace = join(directory, 'workspace');
        const effective = { ...limits, ...job.limits };
        const [program = '', ...args] = bootstrapCommand({
          workspace,
          unpackCount: job.unpack?.length ?? 0,
          pack: job.pack !== undefined,
          command: job.command,
          env: {
            PATH: path,
            HOME: join(workspace, 'home'),
            LANG: 'C.UTF-8',
            INPUTS: inputs,
            ...job.env,
          },
        });
        return await supervise(
          {
            program,
            args,
            env: { PATH: path },
            cwd: directory,
            ownGroup: true,
            descriptors: [
              open(job.unpack?.[0] ?? NO_FILE, 'r'),
              open(job.unpack?.[1] ?? NO_FILE, 'r'),
              open(job.pack ?? NO_FILE, 'w'),
            ],
            wallMs: effective.wallMs,
            outputBytes: effective.outputBytes,
            kill: ({ pid }) => pid && killGroup(pid),
            memoryKills: () => 0,
          },
          signal,
        );
      } finally {
        for (const descriptor of files) closeSync(descriptor);
        rmSync(directory, { recursive: true, force: true });
      }
    },
  };
}

function linkDirectory(
  parent: string,
  name: string,
  files: Readonly<Record<string, string>>,
): string {
  const directory = join(parent, name);
  mkdirSync(directory);
  for (const [entry, target] of Object.entries(files)) symlinkSync(target, join(directory, entry));
  return directory;
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
