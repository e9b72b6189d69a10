import type { RunRow } from '#db/runtime/runs.ts';
import type { JsonObject } from '#proto/canonical.ts';
import { memberOf, textOf } from '../json.ts';

/** PR_SUMMARY.md: what a reviewer reads first, and how they check it without us. */
export function prSummary(
  run: RunRow,
  receipt: JsonObject,
  verification: JsonObject | null,
): string {
  const body = receipt['body'];
  const { verdict } = run;
  const lines = [
    `# ${headline(run.objective)}`,
    '',
    run.objective,
    '',
    '## Result',
    '',
    `- Run \`${run.run_id}\`: ${run.status} (${run.terminal_reason_class}), ${run.terminal_reason}`,
    ...(verdict
      ? [
          `- Verdict: **${verdict.verdict}**, tier ${verdict.tier}${verdict.strength && `, ${verdict.strength}`}, attempt ${verdict.attempt}`,
          `- Harness: ${verdict.sandboxed ? 'sandboxed' : '**unsandboxed** (this machine could not isolate it)'}`,
        ]
      : ['- No verdict: the run had no harness']),
    `- Receipt: \`${textOf(receipt, 'receipt_id')}\`, trajectory \`${textOf(receipt['subject'], 'trajectory_hash')}\``,
    ...commandLines(memberOf(verification ?? {}, 'body')),
    ...touchedLines(memberOf(verification ?? {}, 'body')),
    '',
    '## Work',
    '',
    `- Turns: ${run.turns}; workers lost on the way: ${run.recoveries}`,
    `- Events in the log: ${String(memberOf(body, 'event_count') ?? '')}`,
    '',
    '## Check it yourself, offline',
    '',
    '```sh',
    'oa receipts verify RECEIPT.json --jwks keys.json',
    'oa receipts verify VERIFICATION.json --jwks keys.json',
    'oa replay REPLAY.jsonl',
    'git apply --check patch.diff',
    '```',
    '',
    '`keys.json` came with this bundle: take the keys from the publisher where it matters.',
    '',
  ];
  return lines.join('\n');
}

const HEADLINE_CHARACTERS = 72;

function headline(objective: string): string {
  const [first = ''] = objective.trim().split('\n', 1);
  return first.length > HEADLINE_CHARACTERS ? `${first.slice(0, HEADLINE_CHARACTERS)}…` : first;
}

function commandLines(body: unknown): string[] {
  const commands = memberOf(body, 'commands');
  if (!Array.isArray(commands) || commands.length === 0) return [];
  return [
    '',
    '| stage | command | ended | exit code | ms |',
    '| --- | --- | --- | --- | --- |',
    ...commands.map((result) => {
      const cell = (name: string) => String(memberOf(result, name) ?? '').replaceAll('|', '\\|');
      return `| ${cell('stage')} | \`${cell('command')}\` | ${cell('ended')} | ${cell('exit_code')} | ${cell('duration_ms')} |`;
    }),
  ];
}

function touchedLines(body: unknown): string[] {
  const touched = memberOf(body, 'protected_paths_touched');
  if (!Array.isArray(touched) || touched.length === 0) return [];
  return [
    '',
    'The patch edits what judges it; the harness ran with these restored from the base commit:',
    '',
    ...touched.map((path) => `- \`${String(path)}\``),
  ];
}
