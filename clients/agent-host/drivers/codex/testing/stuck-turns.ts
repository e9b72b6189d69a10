import { processesOf } from '../../../testing/left-behind.ts';
import { sandbox } from '../../../testing/turns.ts';
import { type CodexTurns, until } from './codex-turns.ts';
import { loginTurns } from './login-turns.ts';
import { inOrder } from './scripted-model.ts';

export const MASKINGS = ['masked', 'unmasked'] as const;
export type Masking = (typeof MASKINGS)[number];

const STUCK = 'sleep 600';
/**
 * With a login the binary reads its files by processes of bubblewrap, each in a session of its own and with two variables.
 * One whose parent ends before it was told its user waits for that for ever: a moment of each, here all of it.
 */
const STUCK_HELPER = `env -i PATH="$PATH" TMPDIR="$TMPDIR" setsid ${STUCK} &`;

export function stuckTurns(home: string, masking: Masking): Promise<CodexTurns> {
  const confinement =
    masking === 'masked' ? {} : { sandbox: { ...sandbox, mask: () => undefined } };
  return loginTurns(home, inOrder([], [{ say: 'done' }]), confinement, STUCK_HELPER);
}

export function helperIsStuck(home: string): Promise<void> {
  return until(() => processesOf(home).includes(STUCK));
}
