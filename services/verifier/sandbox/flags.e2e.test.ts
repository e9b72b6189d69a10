import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRoot, reportsOf } from '../testing/as-identity.ts';
import type { ProbeReport } from '../testing/probe-process.ts';
import { PROBES } from '../testing/probes.ts';
import { bubblewrapNeeded } from '../testing/verifier.ts';
import { ISOLATION_FLAGS } from './flags.ts';

const PROBE_PROCESS = join(import.meta.dirname, '..', 'testing', 'probe-process.ts');
/** Probed by watching a process tree rather than by a command's answer: main.temporal.test.ts and sandbox.e2e.test.ts. */
const PROBED_ELSEWHERE = ['die_with_parent'];

/** A segment every process of the host can see, for the probe of the IPC namespace. */
let segment = '';
beforeAll(() => {
  if (bubblewrapNeeded) return;
  segment = execFileSync('ipcmk', ['-M', '4096'], { encoding: 'utf8' }).match(/\d+/)?.[0] ?? '';
});
afterAll(() => {
  if (segment) execFileSync('ipcrm', ['-m', segment]);
});

const reportOf = reportsOf<ProbeReport>(PROBE_PROCESS);

describe.each(['root', 'user'] as const)('taking one isolation flag away, as %s', (identity) => {
  const reason = identity === 'root' && !isRoot ? ' (needs root)' : bubblewrapNeeded;
  let report: ProbeReport;
  beforeAll(async () => {
    if (!reason) report = await reportOf(identity);
  });

  it.skipIf(reason)(`leaves no flag of this machine without a probe${reason}`, (context) => {
    if (report.refused) context.skip(`no sandbox for ${identity}: ${report.refused}`);
    const probed = [...Object.keys(report.outputs), ...PROBED_ELSEWHERE];
    // For a user, bubblewrap does these by itself, whatever it is told.
    const coveredAsRoot = identity === 'user' ? ['unprivileged_uid', 'no_capabilities'] : [];
    expect(
      report.enforced.filter((flag) => !probed.includes(flag) && !coveredAsRoot.includes(flag)),
    ).toEqual([]);
  });

  for (const { flag, guarded, open, only } of PROBES) {
    if ((only ?? identity) !== identity) continue;
    const { guards = '' } = ISOLATION_FLAGS.find(({ name }) => name === flag) ?? {};
    it.skipIf(reason)(`without ${flag} a harness ${guards}${reason}`, (context) => {
      if (report.refused) context.skip(`no sandbox for ${identity}: ${report.refused}`);
      if (!report.enforced.includes(flag)) {
        expect(report.unenforced, 'what cannot be enforced is named').toContain(flag);
        return;
      }
      const outputs = report.outputs[flag];
      expect(outputs?.with).toMatch(guarded);
      expect(outputs?.without).toMatch(open);
    });
  }
});
