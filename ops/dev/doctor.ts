import { styleText } from 'node:util';
import type { Finding } from './finding.ts';
import { examine } from './findings.ts';
import { stackLayout } from './layout.ts';

/** `oa doctor`: what is wrong on this machine and what mends it. `--json` for programs. */
const findings = await examine(stackLayout(process.env), process.env);

if (process.argv.includes('--json')) {
  const report = { schema: 'openagents.cli.doctor.v1', findings };
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
} else {
  for (const finding of findings) process.stdout.write(`${render(finding)}\n`);
}
process.exitCode = findings.some((finding) => finding.state === 'broken') ? 1 : 0;

function render({ check, state, detail, mend }: Finding): string {
  const colour = { ok: 'green', degraded: 'yellow', broken: 'red' } as const;
  const line = `${styleText(colour[state], '●')} ${check.padEnd(12)} ${detail}`;
  return mend && state !== 'ok' ? `${line}\n  ${styleText('dim', `→ ${mend}`)}` : line;
}
