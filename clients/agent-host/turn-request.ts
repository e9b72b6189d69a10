import type { JsonValue } from '#proto/canonical.ts';
import { validateMessage } from '#proto/validate.ts';
import { reasons } from '../api/errors.ts';
import type { TurnMessage } from './drivers/driver.ts';
import type { HostRequest } from './request-journal.ts';
import { textField } from './request-message.ts';
import type { Turn } from './turn.ts';

/** Output of a turn whose request names no limit. */
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

/** The turn that a request describes, or what is wrong with it. */
export function parseTurn(request: HostRequest): Turn | string {
  const { params } = request;
  const agent = validateMessage('openagents.runtime.v1.AgentSpec', params['agent']);
  if (!agent.ok) return `params.agent: ${reasons(agent.faults)}`;
  const repo = params['repo']
    ? validateMessage('openagents.runtime.v1.RepoSpec', params['repo'])
    : null;
  if (repo && !repo.ok) return `params.repo: ${reasons(repo.faults)}`;
  if (!request.run_id) return 'run_id is missing';
  const previous = params['previous_patch'];
  const outputBytesMax = Number(params['output_bytes_max']);
  return {
    requestId: request.request_id,
    runId: request.run_id,
    threadId: request.thread_id,
    method: request.method,
    turn: request.turn,
    objective: typeof params['objective'] === 'string' ? params['objective'] : '',
    agent: agent.value,
    repo: repo?.value,
    previousPatch: hashOf(previous),
    feedback: typeof params['feedback'] === 'string' ? params['feedback'] : '',
    deadlineAtMs: request.deadline_at_ms,
    outputBytesMax: outputBytesMax > 0 ? outputBytesMax : OUTPUT_BYTES_MAX,
    messages: messagesOf(params['messages']),
    agentThread: agentThreadOf(params['agent_thread']),
  };
}

function messagesOf(value: JsonValue | undefined): TurnMessage[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((message) => {
    const messageId = textField(message, 'message_id');
    const text = textField(message, 'text');
    return messageId && text ? [{ messageId, text }] : [];
  });
}

function agentThreadOf(value: JsonValue | undefined): { id: string; fork: boolean } | undefined {
  if (value === undefined) return undefined;
  const id = textField(value, 'id');
  const fork =
    typeof value === 'object' && value !== null && !Array.isArray(value) && value['fork'];
  return id ? { id, fork: fork === true } : undefined;
}

function hashOf(artifact: JsonValue | undefined): string | undefined {
  const isObject = typeof artifact === 'object' && artifact !== null && !Array.isArray(artifact);
  const sha256 = isObject ? artifact['sha256'] : undefined;
  return typeof sha256 === 'string' ? sha256 : undefined;
}
