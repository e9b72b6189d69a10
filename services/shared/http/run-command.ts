import { ProblemError } from '#proto/errors.ts';
import type { CommandContext } from '#workflows/run/messages.ts';
import {
  type Answer,
  type Claim,
  type Command,
  type CommandKey,
  type CommandStore,
  idFromSeed,
  newSeed,
  type StoredAnswer,
  storedAnswer,
} from './command.ts';

export interface CommandRequest {
  readonly requestId: string;
  readonly principal: string;
  readonly route: string;
  readonly fingerprint: string;
  /** Empty for a route whose mutation is idempotent by its own nature. */
  readonly key: string;
  /** Of an answer that names none. */
  readonly status: number;
}

export interface CommandOutcome {
  readonly answer: StoredAnswer | Response;
  readonly replayed: boolean;
}

/**
 * Runs a mutation under its key (invariants in `command.ts`).
 *
 * @throws ProblemError idempotency_conflict, idempotency_in_progress, or what `execute` throws; the claim is then released.
 */
export async function runCommand<Tx>(
  store: CommandStore<Tx>,
  request: CommandRequest,
  execute: (command: Command<Tx>) => Promise<Answer | Response>,
): Promise<CommandOutcome> {
  const { principal, route, key, fingerprint } = request;
  const commandKey: CommandKey | null = key === '' ? null : { principal, route, key };
  const claim: Claim = commandKey
    ? await store.claim(commandKey, fingerprint, newSeed())
    : { state: 'claimed', seed: newSeed() };
  if (claim.state === 'answered') return { answer: claim.answer, replayed: true };
  if (claim.state !== 'claimed') throw refusal(claim);

  const context: CommandContext = {
    request_id: request.requestId,
    audit_id: idFromSeed('audit', claim.seed),
    principal,
    route,
    fingerprint,
    idempotency_key: key,
  };
  let stored: StoredAnswer | null = null;
  const asStored = (answer: Answer) => storedAnswer({ status: request.status, ...answer }, context);
  async function complete(tx: Tx | null, answer: Answer): Promise<void> {
    const leaving = asStored(answer);
    const { positions = [] } = answer;
    await store.complete(tx, { context, positions, answer: commandKey && leaving });
    stored = leaving;
  }

  try {
    const answer = await execute({
      context,
      id: (prefix) => idFromSeed(prefix, claim.seed),
      async complete(tx, completed) {
        await complete(tx, completed);
        return completed;
      },
    });
    if (answer instanceof Response) return { answer, replayed: false };
    // Only a key's answer must be the stored one; what waited for more may say more.
    if (!commandKey) return { answer: asStored(answer), replayed: false };
    if (!stored) await complete(null, answer);
    return { answer: stored ?? asStored(answer), replayed: false };
  } catch (error) {
    // A transaction that failed took its stored answer with it.
    if (commandKey) await store.release(commandKey);
    throw error;
  }
}

function refusal(claim: Exclude<Claim, { state: 'claimed' | 'answered' }>): ProblemError {
  if (claim.state === 'other_body') {
    return new ProblemError('idempotency_conflict', 'This key was used for another request.');
  }
  return new ProblemError('idempotency_in_progress', 'The first request is still under way.', {
    retryAfterMs: claim.retryAfterMs,
  });
}
