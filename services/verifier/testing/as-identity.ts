import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export const isRoot = process.getuid?.() === 0;

export type RunsAs = 'root' | 'user';

const NOBODY = 65_534;

/** Reports of a script under each identity this process can take on; the first question starts them all, side by side. */
export function reportsOf<Report>(script: string): (identity: RunsAs) => Promise<Report> {
  let reports: Partial<Record<RunsAs, Promise<Report>>> | undefined;
  return async (identity) => {
    reports ??= {
      user: reportAs('user', script),
      ...(isRoot && { root: reportAs('root', script) }),
    };
    const report = await reports[identity];
    if (!report) throw new Error(`this process cannot become ${identity}`);
    return report;
  };
}

/** Runs a script of ours as root or as a normal user and reads the JSON document it prints. */
async function reportAs<Report>(identity: RunsAs, script: string): Promise<Report> {
  const asNobody = isRoot && identity === 'user';
  const child = spawn(process.execPath, [script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(asNobody && { uid: NOBODY, gid: NOBODY }),
    env: { PATH: process.env['PATH'], HOME: asNobody ? '/nonexistent' : process.env['HOME'] },
  });
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return JSON.parse(output) as Report;
}
