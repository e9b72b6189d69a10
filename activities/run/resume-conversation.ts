/** What was asked and said in a run, as its tables and its log know it: part of what a new history begins with. */
import { listRunApprovals } from '#db/runtime/approvals.ts';
import { listSteers, type TurnRequest } from '#db/runtime/dispatch.ts';
import { readPayload } from '#db/runtime/run-events.ts';
import { readEventsOfTypes } from '#db/runtime/run-steps.ts';
import { readMessageTexts } from '#db/runtime/threads.ts';
import type { Tx } from '#db/transaction.ts';
import type { CarriedRun } from '#workflows/run/carry.ts';
import type { WaitingMessage } from '#workflows/run/context.ts';
import { GRANTS_MAX } from '#workflows/run/limits.ts';
import { memberOf, textOf } from './json.ts';

type Asked = Pick<CarriedRun, 'approvals' | 'grants' | 'approvalsOfTurn'>;

/** A question about a patch is also asked again by its step, which finds the answer where there is one by then. */
export async function readApprovals(tx: Tx, runId: string, requestId: string): Promise<Asked> {
  const asked: Asked = { approvals: {}, grants: [], approvalsOfTurn: 0 };
  for (const row of await listRunApprovals(tx, runId)) {
    const { approval_id, request_id, rule_key, generation, scope } = row;
    if (request_id === requestId) asked.approvalsOfTurn += 1;
    if (row.state === 'requested') {
      asked.approvals[approval_id] = {
        ...{ approval_id, request_id, rule_key, generation },
        expires_at_ms: row.expires_at.getTime(),
        answer: null,
      };
    }
    if (row.state === 'approved' && rule_key !== '' && (scope === 'run' || scope === 'session')) {
      asked.grants.push({ rule_key, scope, approval_id });
    }
  }
  return { ...asked, grants: asked.grants.slice(-GRANTS_MAX) };
}

type Said = Pick<CarriedRun, 'queue' | 'turnMessages' | 'steers'>;

/** `isHeld`: the turn of the request is still to be answered by its worker; otherwise another is told all of it again. */
export async function readMessages(
  tx: Tx,
  runId: string,
  request: TurnRequest | undefined,
  isHeld: boolean,
): Promise<Said> {
  const queued = await queuedMessages(tx, runId);
  const steers = request ? await listSteers(tx, runId, request.request_id) : [];
  const told = messageIds(request);
  const open = steers.filter(({ message_id }) => !queued.has(message_id));
  const sizes = await sizesOf(tx, [
    ...queued,
    ...told,
    ...open.map(({ message_id }) => message_id),
  ]);
  const waiting = (message_id: string): WaitingMessage => ({
    message_id,
    json_bytes: sizes.get(message_id) ?? 0,
  });
  return {
    queue: [...queued].map(waiting),
    turnMessages: [
      ...told.map(waiting),
      ...(isHeld ? [] : open.map(({ message_id }) => waiting(message_id))),
    ],
    steers: isHeld ? open.map((steer) => ({ ...steer, ...waiting(steer.message_id) })) : [],
  };
}

/** In the order of the log: those that wait for the next turn. */
async function queuedMessages(tx: Tx, runId: string): Promise<Set<string>> {
  const queued = new Set<string>();
  const types = ['message.queued', 'message.delivered'];
  for await (const { event_type, payload } of readEventsOfTypes(tx, runId, types)) {
    const message_id = textOf(readPayload(payload), 'message_id');
    if (event_type === 'message.queued') queued.add(message_id);
    else queued.delete(message_id);
  }
  return queued;
}

function messageIds(request: TurnRequest | undefined): string[] {
  const messages = memberOf(request?.params, 'messages');
  return Array.isArray(messages) ? messages.map((message) => textOf(message, 'message_id')) : [];
}

async function sizesOf(tx: Tx, ids: string[]): Promise<Map<string, number>> {
  const texts = await readMessageTexts(tx, [...new Set(ids)]);
  return new Map(
    texts.map(({ message_id, text }) => [message_id, Buffer.byteLength(JSON.stringify(text))]),
  );
}
