/** The notifications of one turn, from Codex's words to events of the run. */
import { redactText } from '#proto/redact.ts';
import type { EventInput } from '../../spool.ts';
import type { DiffRecord } from './diff-record.ts';
import type { Items } from './items.ts';
import {
  ITEMS,
  NOTIFICATIONS,
  type Notification,
  type NotificationMethod,
  type TurnError,
} from './protocol.ts';
import type { UsageMeter } from './usage.ts';

export interface TurnEnd {
  /** As Codex says it: completed, interrupted, failed. */
  status: string;
  error: TurnError | null;
}

export interface TurnEventsDeps {
  turn: number;
  items: Items;
  usage: UsageMeter;
  diff: DiffRecord;
  emit(event: EventInput): void;
  /** Codex took the words of a person in front of the model. */
  onUserMessage(clientId: string): void;
  onEnd(end: TurnEnd): void;
  onModel(model: string): void;
}

export interface TurnEvents {
  take(method: string, params: unknown): void;
  /** From now on notifications of this turn count; of a resumed thread's earlier ones only the totals do. */
  follow(turnId: string): void;
}

const PLAN_STEPS_MAX = 100;
const STEP_CHARACTERS_MAX = 1_000;
const MESSAGE_CHARACTERS_MAX = 2_000;
const PLAN_STATUS: Readonly<Record<string, string>> = { inProgress: 'in_progress' };

export function createTurnEvents(deps: TurnEventsDeps): TurnEvents {
  let followed: string | undefined;
  /** Codex may speak of a turn before the answer that names it has been read. */
  const early: Notification[] = [];
  const emit = (event_type: string, payload: EventInput['payload'], sheddable = false) =>
    deps.emit({ event_type, payload, sheddable });

  function take(method: string, params: unknown): void {
    const notification = parse(method, params);
    if (!notification) return;
    if (followed === undefined && turnOf(notification) !== undefined) early.push(notification);
    else handle(notification);
  }

  function parse(method: string, params: unknown): Notification | undefined {
    if (!isKnown(method)) return undefined;
    const parsed = NOTIFICATIONS[method].safeParse(params);
    if (parsed.success) return { method, params: parsed.data } as Notification;
    emit('agent.error', { message: `${method} came in another form`, will_retry: false });
    return undefined;
  }

  function handle(notification: Notification): void {
    const { method, params } = notification;
    const turnId = turnOf(notification);
    if (turnId !== undefined && turnId !== followed) {
      if (method === 'thread/tokenUsage/updated') deps.usage.begin(params.tokenUsage.total);
      return;
    }
    switch (method) {
      case 'item/started':
        deps.items.started(params.item);
        return;
      case 'item/completed':
        deps.items.completed(params.item);
        if (params.item.type === 'userMessage') {
          const { clientId } = ITEMS.userMessage.parse(params.item);
          if (clientId) deps.onUserMessage(clientId);
        }
        return;
      case 'item/agentMessage/delta':
      case 'item/reasoning/summaryTextDelta':
      case 'item/commandExecution/outputDelta':
        deps.items.delta(params.itemId, params.delta);
        return;
      case 'turn/plan/updated':
        emit('turn.plan', {
          turn: deps.turn,
          explanation: shortened(params.explanation ?? '', MESSAGE_CHARACTERS_MAX),
          steps: params.plan.slice(0, PLAN_STEPS_MAX).map(({ step, status }) => ({
            step: shortened(step, STEP_CHARACTERS_MAX),
            status: PLAN_STATUS[status] ?? status,
          })),
        });
        return;
      case 'turn/diff/updated':
        deps.diff.changed(params.diff);
        return;
      case 'thread/tokenUsage/updated': {
        const used = deps.usage.advance(params.tokenUsage.total);
        if (used) emit('usage.recorded', used);
        return;
      }
      case 'model/rerouted':
        deps.onModel(params.toModel);
        complain(`${params.fromModel} was replaced by ${params.toModel}`, true);
        return;
      case 'error':
        complain(params.error.message, params.willRetry);
        return;
      case 'warning':
        complain(params.message, true);
        return;
      case 'configWarning':
        complain([params.summary, params.details].filter(Boolean).join(' '), false);
        return;
      case 'turn/completed':
        deps.onEnd({ status: params.turn.status, error: params.turn.error ?? null });
        return;
    }
  }

  function complain(message: string, will_retry: boolean): void {
    emit('agent.error', { message: shortened(message, MESSAGE_CHARACTERS_MAX), will_retry });
  }

  return {
    take,
    follow(turnId) {
      followed = turnId;
      for (const notification of early.splice(0)) handle(notification);
    },
  };
}

function turnOf({ method, params }: Notification): string | undefined {
  if (method === 'turn/completed') return params.turn.id;
  return 'turnId' in params ? params.turnId : undefined;
}

function isKnown(method: string): method is NotificationMethod {
  return method in NOTIFICATIONS;
}

function shortened(text: string, charactersMax: number): string {
  return redactText(text).slice(0, charactersMax).toWellFormed();
}
