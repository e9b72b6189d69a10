/** What the Temporal UI shows beside a run: Markdown for somebody who never read our documents. */
import { effectiveLimits } from './limits.ts';
import type { RunInput } from './messages.ts';
import type { RunState } from './state.ts';

export interface RunDetails {
  objective: string;
  state: RunState;
  turn: number;
  turns_max: number;
  recoveries: number;
  worker_id: string | null;
  /** A clause: "the receipt of worker_… for turn 1". Empty: it works on its own. */
  waiting_for: string;
  deadline_at_ms: number;
  /** Questions that wait for a person. */
  approvals: readonly { approval_id: string; expires_at_ms: number }[];
  /** What becomes of one that nobody answers. */
  on_timeout: 'approve' | 'deny';
  note: string;
}

const OBJECTIVE_CHARACTERS = 200;

export function describeRun(details: RunDetails): string {
  const { state } = details;
  const lines = [
    `**${oneLine(details.objective)}**`,
    '',
    `- State: ${state.status}${state.phase ? `, phase ${state.phase}` : ''}`,
  ];
  if ('reason' in state) lines.push(`- Ended as ${state.reason_class}: ${state.reason}`);
  if (details.turn > 0) lines.push(`- Turn ${details.turn} of at most ${details.turns_max}`);
  if (details.worker_id) lines.push(`- Worker: \`${details.worker_id}\``);
  if (details.recoveries > 0) lines.push(`- Workers lost so far: ${details.recoveries}`);
  if (details.waiting_for) {
    lines.push(`- Waits for ${details.waiting_for}`);
  }
  for (const { approval_id, expires_at_ms } of details.approvals) {
    const then = details.on_timeout === 'deny' ? 'denies' : 'approves';
    lines.push(
      `- Unanswered until ${time(expires_at_ms)}, the policy ${then} ${code(approval_id)}`,
    );
  }
  if (!('reason' in state)) lines.push(`- Ends as timeout at ${time(details.deadline_at_ms)}`);
  if (details.note) lines.push(`- ${details.note}`);
  return lines.join('\n');
}

/** The rest of a list is counted, so that a long harness leaves the details readable. */
const COMMANDS_SHOWN = 5;

/** What stays true of a run from its start on. */
export function describeStart({ run_id, thread_id, owner, spec }: RunInput): string {
  const { repo, agent, verification } = spec;
  const limits = effectiveLimits(spec);
  const commands = verification?.harness?.commands ?? [];
  const shown = commands.slice(0, COMMANDS_SHOWN).map(code);
  const others = commands.length - shown.length;
  if (others > 0) shown.push(`and ${others} more`);
  const lines = [
    `**${oneLine(spec.objective)}**`,
    '',
    `- Asked for by ${code(owner.user_id ?? owner.guest_scope)} in thread ${code(thread_id)}`,
  ];
  if (repo) lines.push(`- Repository: ${code(repo.source)}${repo.ref && ` at ${code(repo.ref)}`}`);
  lines.push(
    `- Agent: ${code(agent?.driver || 'command')}, at most ${limits.turns_max} turns and ${limits.wall_s_max} s`,
    `- Judged by: ${shown.join(', ') || 'nobody, there is no harness'}`,
    `- The run outside of Temporal: ${code(`oa runs show ${run_id}`)}`,
  );
  return lines.join('\n');
}

function time(atMs: number): string {
  return new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

const CODE_CHARACTERS = 120;

function code(text: string): string {
  const line = text.replace(/\s+/g, ' ').replaceAll('`', "'");
  return `\`${line.length > CODE_CHARACTERS ? `${line.slice(0, CODE_CHARACTERS)}…` : line}\``;
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').replace(/([*_`[\]<>\\])/g, '\\$1');
  return line.length > OBJECTIVE_CHARACTERS ? `${line.slice(0, OBJECTIVE_CHARACTERS)}…` : line;
}
