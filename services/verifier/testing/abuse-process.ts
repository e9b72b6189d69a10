/** Judges every abuse, under whatever uid this process has; one JSON document on stdout. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HarnessResult } from '#workflows/verification/ports.ts';
import { ABUSE_LIMITS, ABUSES } from './abuses.ts';
import { machineProbe, startTestVerifier } from './verifier.ts';

export interface AbuseReport {
  readonly refused?: string;
  readonly pid: number;
  readonly results: Readonly<Record<string, HarnessResult>>;
  /** What the room prints after all that. */
  readonly after: string;
}

/** Longer than a start, shorter than patience; and far longer than anything that ends by itself takes. */
const ENDLESS_TIMEOUT_S = 1;
const TIMEOUT_S = 60;

const SECRET = 'the secret of the host';

async function abuse(): Promise<AbuseReport> {
  if (!machineProbe.ok)
    return { refused: machineProbe.reason, pid: process.pid, results: {}, after: '' };
  await using verifier = await startTestVerifier({ limits: ABUSE_LIMITS });
  const file = join(verifier.directory, 'secret');
  writeFileSync(file, SECRET, { mode: 0o644 });
  const repository = verifier.repository({ 'run.sh': 'exit 1\n' });
  const results: Record<string, HarnessResult> = {};
  for (const { name, script, endless } of ABUSES) {
    const patch = repository.patch({ 'run.sh': script({ file, pid: process.pid }) });
    results[name] = await verifier.verify({
      repository,
      patch,
      harness: { commands: ['sh run.sh'], timeout_s: endless ? ENDLESS_TIMEOUT_S : TIMEOUT_S },
    });
  }
  const { output } = await verifier.sandbox.run(
    { command: 'echo alive' },
    new AbortController().signal,
  );
  return { pid: process.pid, results, after: Buffer.from(output.bytes).toString('utf8').trim() };
}

process.stdout.write(`${JSON.stringify(await abuse())}\n`);
