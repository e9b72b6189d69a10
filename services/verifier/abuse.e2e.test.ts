import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { uidsOf } from './sandbox/uids.ts';
import type { AbuseReport } from './testing/abuse-process.ts';
import { ABUSE_LIMITS, ABUSES } from './testing/abuses.ts';
import { isRoot, reportsOf } from './testing/as-identity.ts';
import { bubblewrapNeeded } from './testing/verifier.ts';

const ABUSE_PROCESS = join(import.meta.dirname, 'testing', 'abuse-process.ts');

/** What still runs under a uid that the rooms of this verifier were given. */
function processesLeftBy(verifierPid: number): string[] {
  const { first, last } = uidsOf(verifierPid);
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        const uid = Number(status.match(/^Uid:\t(\d+)/m)?.[1]);
        return uid >= first && uid <= last;
      } catch {
        return false;
      }
    });
}

const reportOf = reportsOf<AbuseReport>(ABUSE_PROCESS);

describe.each(['root', 'user'] as const)('as %s, a harness that', (identity) => {
  const reason = identity === 'root' && !isRoot ? ' (needs root)' : bubblewrapNeeded;
  let report: AbuseReport;
  beforeAll(async () => {
    if (!reason) report = await reportOf(identity);
  });

  for (const { name, ended } of ABUSES) {
    it.skipIf(reason)(`${name} is stopped and rejected${reason}`, (context) => {
      if (report.refused) context.skip(`no sandbox for ${identity}: ${report.refused}`);
      const result = report.results[name];
      expect(result?.verdict).toBe('rejected');
      const patched = result?.commands.filter(({ stage }) => stage.startsWith('patched')) ?? [];
      expect(patched).toHaveLength(2);
      for (const command of patched) {
        expect(ended).toContain(command.ended);
        expect(Number(command.output_bytes)).toBeLessThanOrEqual(ABUSE_LIMITS.outputBytes ?? 0);
      }
      expect(result?.feedback).not.toContain('the secret of the host');
    });
  }

  it.skipIf(reason)(
    `did all that leaves the machine and the next room alive${reason}`,
    (context) => {
      if (report.refused) context.skip(`no sandbox for ${identity}: ${report.refused}`);
      expect(report.after).toBe('alive');
      expect(processesLeftBy(report.pid)).toEqual([]);
    },
  );
});
