import type { Platform } from './campaign/platform.ts';

/** The smallest run that is still verified: a patch of one line, a harness of one comparison. */
export function tinyRun(
  { repository }: Pick<Platform, 'repository'>,
  agent = 'echo 42 > value.txt',
) {
  return {
    objective: 'mend the value',
    work_unit: 'verified_patch_bundle',
    agent: { driver: 'command', command: ['/bin/sh', '-c', agent] },
    repo: { source: repository.source, ref: '', base_commit: repository.commit },
    verification: {
      tier_min: 'O',
      harness: { commands: ['./test.sh'], protected_paths: ['guarded.txt'] },
    },
  };
}
