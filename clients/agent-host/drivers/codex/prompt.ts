import type { TurnRequest } from '../driver.ts';
import type { TextInput } from './protocol.ts';

/** How a turn comes to its thread. */
export type ThreadStart =
  /** It has nothing of the run in it yet. */
  | 'new'
  /** It knows the objective and what was done. */
  | 'known'
  /** It was in the middle of this very turn when its process ended. */
  | 'recovered';

/** What the agent is told: the objective once, then what people and the verifier say, word for word. */
export function promptOf(request: TurnRequest, start: ThreadStart): TextInput[] {
  const { objective, agent, feedback, messages, previousPatch } = request;
  const parts: string[] = [];
  if (start === 'new') {
    parts.push([objective, agent.prompt].filter(Boolean).join('\n\n'));
    if (previousPatch) {
      parts.push('Earlier work on this is in the working directory already. Go on from it.');
    }
  }
  if (start === 'recovered') {
    parts.push(
      'Your process ended in the middle of this turn and was started again. Files in the working directory are as they were when the turn began, so repeat what you had changed in it.',
    );
  }
  if (feedback) {
    parts.push(
      `The work so far was verified and not accepted. This is the end of what the verification printed:\n\n${feedback}`,
    );
  }
  parts.push(...messages.map(({ text }) => text));
  if (parts.length === 0) parts.push(objective);
  return parts.map(textInput);
}

export function textInput(text: string): TextInput {
  return { type: 'text', text: text.toWellFormed(), text_elements: [] };
}
