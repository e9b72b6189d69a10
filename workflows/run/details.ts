/** What the Temporal UI shows beside a run: Markdown for somebody who never read our documents. */
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
    const latest = new Date(details.deadline_at_ms).toISOString();
    lines.push(`- Waits for ${details.waiting_for}; at the latest until ${latest}`);
  }
  if (details.note) lines.push(`- ${details.note}`);
  return lines.join('\n');
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').replace(/([*_`[\]<>\\])/g, '\\$1');
  return line.length > OBJECTIVE_CHARACTERS ? `${line.slice(0, OBJECTIVE_CHARACTERS)}…` : line;
}
