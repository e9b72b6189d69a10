/** What Codex asks, in the words of an approval, and the answer in the words of Codex: pure. */
import { hashCanonical } from '#proto/canonical.ts';
import type { JsonObject } from '#proto/gen/types.ts';
import { redactJson, redactText } from '#proto/redact.ts';
import type { ApprovalAnswer, ApprovalQuestion, ApprovalScope } from '../../approvals.ts';
import {
  type FileChange,
  ITEMS,
  type Item,
  SERVER_REQUESTS,
  type ServerMethod,
  type ServerParams,
} from './protocol.ts';
import { describeChanges, within } from './tool-events.ts';

export interface Surroundings {
  workTree: string;
  /** The item that a question is about, as it was started. */
  findItem(itemId: string): Item | undefined;
}

export interface AskedQuestion {
  question: Omit<ApprovalQuestion, 'approvalKey'>;
  /** Of the turn that it was asked in; null where Codex does not say. */
  turnId: string | null;
  answer(given: ApprovalAnswer): unknown;
  /** Where nobody answers any more. */
  refuse(): unknown;
}

/**
 * Every grant is given to Codex for this once: the workflow remembers what holds for longer and answers the next question
 * itself, so that each use of a grant is journaled.
 */
const REPEATABLE: readonly ApprovalScope[] = ['once', 'run', 'session'];
const SINGLE: readonly ApprovalScope[] = ['once'];

const REASON_CHARACTERS_MAX = 2_000;
const COMMAND_CHARACTERS_MAX = 8_192;
/** A subject in one line, for lists. */
const LINE_CHARACTERS_MAX = 200;
/** Of a diff that is shown with its question; together with the rest below the 32 KiB of a subject. */
const DIFF_BYTES_MAX = 16 * 1024;

export function isQuestion(method: string): method is ServerMethod {
  return method in SERVER_REQUESTS;
}

/** @throws ZodError where the question is not what the schema of the pinned binary says */
export function questionOf(method: ServerMethod, params: unknown, at: Surroundings): AskedQuestion {
  switch (method) {
    case 'item/commandExecution/requestApproval':
      return ofCommand(SERVER_REQUESTS[method].params.parse(params), at);
    case 'item/fileChange/requestApproval':
      return ofFileChange(SERVER_REQUESTS[method].params.parse(params), at);
    case 'item/permissions/requestApproval':
      return ofPermissions(SERVER_REQUESTS[method].params.parse(params), at);
    case 'item/tool/requestUserInput':
      return ofUserInput(SERVER_REQUESTS[method].params.parse(params));
    case 'mcpServer/elicitation/request':
      return ofElicitation(SERVER_REQUESTS[method].params.parse(params));
  }
}

function ofCommand(
  params: ServerParams<'item/commandExecution/requestApproval'>,
  { workTree, findItem }: Surroundings,
): AskedQuestion {
  const item = findItem(params.itemId);
  const known = item?.type === 'commandExecution' ? ITEMS.commandExecution.parse(item) : undefined;
  const command = params.command ?? known?.command ?? '';
  const cwd = within(workTree, params.cwd ?? known?.cwd ?? workTree);
  return {
    question: {
      kind: 'command_execution',
      subject: {
        text: shortened(command, LINE_CHARACTERS_MAX),
        command: shortened(command, COMMAND_CHARACTERS_MAX),
        cwd,
      },
      reason: words(params.reason),
      scopes: REPEATABLE,
      ruleKey: ruleKey('command_execution', { command, cwd }),
    },
    turnId: params.turnId,
    answer: ({ decision }) => ({ decision: decision === 'approve' ? 'accept' : 'decline' }),
    refuse: () => ({ decision: 'cancel' }),
  };
}

function ofFileChange(
  params: ServerParams<'item/fileChange/requestApproval'>,
  { workTree, findItem }: Surroundings,
): AskedQuestion {
  const item = findItem(params.itemId);
  const changes = item?.type === 'fileChange' ? ITEMS.fileChange.parse(item).changes : [];
  const paths = changes.map(({ path }) => within(workTree, path)).sort();
  const root = params.grantRoot ? within(workTree, params.grantRoot) : null;
  return {
    question: {
      kind: 'file_change',
      subject: {
        text: shortened(paths.join(', '), LINE_CHARACTERS_MAX),
        ...describeChanges(changes, workTree),
        diff: excerpt(changes, workTree),
        ...(root ? { grant_root: root } : {}),
      },
      reason: words(params.reason),
      scopes: REPEATABLE,
      // The files, not this very change: whoever lets an agent write a file for the run means it again.
      ruleKey: ruleKey('file_change', { paths, root }),
    },
    turnId: params.turnId,
    answer: ({ decision }) => ({ decision: decision === 'approve' ? 'accept' : 'decline' }),
    refuse: () => ({ decision: 'cancel' }),
  };
}

function ofPermissions(
  params: ServerParams<'item/permissions/requestApproval'>,
  { workTree }: Surroundings,
): AskedQuestion {
  const { network, fileSystem } = params.permissions;
  const wanted = JSON.parse(
    JSON.stringify({ network: network ?? null, fileSystem: fileSystem ?? null }),
  );
  return {
    question: {
      kind: 'permissions',
      subject: {
        text: shortened(JSON.stringify(wanted), LINE_CHARACTERS_MAX),
        permissions: wanted,
        cwd: within(workTree, params.cwd),
      },
      reason: words(params.reason),
      scopes: REPEATABLE,
      ruleKey: ruleKey('permissions', wanted),
    },
    turnId: params.turnId,
    answer: ({ decision }) => ({
      permissions: decision === 'approve' ? granted(params.permissions) : {},
      scope: 'turn',
    }),
    refuse: () => ({ permissions: {}, scope: 'turn' }),
  };
}

/** Codex sends what is not asked for as null and refuses null in the answer. */
function granted(asked: ServerParams<'item/permissions/requestApproval'>['permissions']) {
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== null));
}

function ofUserInput({
  turnId,
  questions,
}: ServerParams<'item/tool/requestUserInput'>): AskedQuestion {
  return {
    question: {
      kind: 'tool_input',
      subject: {
        text: shortened(questions.map(({ question }) => question).join(' '), LINE_CHARACTERS_MAX),
        tool: 'request_user_input',
        questions: questions.map(({ id, header, question, options }) => ({
          id,
          header,
          question: shortened(question, REASON_CHARACTERS_MAX),
          options: (options ?? []).map(({ label, description }) => ({ label, description })),
        })),
      },
      reason: words(questions.map(({ question }) => question).join('\n')),
      scopes: SINGLE,
      ruleKey: ruleKey('tool_input', { questions: questions.map(({ question }) => question) }),
    },
    turnId,
    answer: (given) =>
      given.decision === 'approve'
        ? {
            answers: Object.fromEntries(
              questions.flatMap((asked) => answerTo(asked, given.reason)),
            ),
          }
        : { answers: {} },
    refuse: () => ({ answers: {} }),
  };
}

/** The words of whoever approved, else what the agent recommends, which it names first. A secret is never answered. */
function answerTo(
  { id, isSecret, options }: ServerParams<'item/tool/requestUserInput'>['questions'][number],
  reason: string,
): [string, { answers: string[] }][] {
  const answer = reason || options?.[0]?.label;
  return isSecret || !answer ? [] : [[id, { answers: [answer] }]];
}

function ofElicitation(params: ServerParams<'mcpServer/elicitation/request'>): AskedQuestion {
  const { serverName, mode, message, turnId } = params;
  const details = mode === 'url' ? { url: params['url'] } : { schema: params['requestedSchema'] };
  const subject: JsonObject = {
    text: shortened(`${serverName}: ${message}`, LINE_CHARACTERS_MAX),
    server: serverName,
    mode,
    message: shortened(message, REASON_CHARACTERS_MAX),
    ...bounded(details),
  };
  return {
    question: {
      kind: 'tool_input',
      subject,
      reason: words(message),
      scopes: SINGLE,
      ruleKey: ruleKey('tool_input', { server: serverName, message }),
    },
    turnId: turnId ?? null,
    answer: ({ decision, reason }) => {
      if (decision === 'deny') return { action: 'decline', content: null, _meta: null };
      return {
        action: 'accept',
        content: mode === 'url' ? null : formContent(reason),
        _meta: null,
      };
    },
    refuse: () => ({ action: 'cancel', content: null, _meta: null }),
  };
}

/** The fields of a form are given as a JSON object in the words of whoever approved. */
function formContent(reason: string): JsonObject {
  try {
    const value: unknown = JSON.parse(reason);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as JsonObject)
      : {};
  } catch {
    return {};
  }
}

function excerpt(changes: readonly FileChange[], workTree: string): string {
  const whole = changes.map(({ path, diff }) => `${within(workTree, path)}\n${diff}`).join('\n');
  return Buffer.from(redactText(whole)).subarray(0, DIFF_BYTES_MAX).toString('utf8');
}

function bounded(details: Record<string, unknown>): JsonObject {
  const text = JSON.stringify(details);
  if (Buffer.byteLength(text) > DIFF_BYTES_MAX) return {};
  return redactJson(JSON.parse(text)).value as JsonObject;
}

function ruleKey(kind: string, what: JsonObject): string {
  return hashCanonical({ kind, what }, { floats: true });
}

function words(reason: string | null | undefined): string {
  return shortened(reason ?? '', REASON_CHARACTERS_MAX);
}

function shortened(text: string, charactersMax: number): string {
  return redactText(text).slice(0, charactersMax).toWellFormed();
}
