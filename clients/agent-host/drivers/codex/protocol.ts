/**
 * What this driver says to `codex app-server` and hears from it: JSON-RPC without the version field, a message a line.
 *
 * 1. Only fields that are used are named here; the binary may send more. A test compares every name with the schema that
 *    the pinned binary generates.
 * 2. What comes from the binary is parsed before it is used. Turn times are in seconds, item times in milliseconds.
 */
import { z } from 'zod';

const text = z.string();
const optionalText = z.string().nullish();

const threadSchema = z.object({ id: text, forkedFromId: optionalText });
const threadAnswer = z.object({ thread: threadSchema, model: text });
const textInput = z.object({ type: z.literal('text'), text, text_elements: z.array(z.never()) });

const approvalPolicy = z.enum(['untrusted', 'on-request', 'never']);
const threadSettings = {
  cwd: text,
  approvalPolicy,
  /** The name of a permission profile. */
  permissions: text,
  model: text.optional(),
};

export type ApprovalPolicyName = z.infer<typeof approvalPolicy>;
export type TextInput = z.infer<typeof textInput>;

/** Requests of this driver, with what is read of their answers. */
export const CLIENT_REQUESTS = {
  initialize: {
    params: z.object({
      clientInfo: z.object({ name: text, title: text.nullable(), version: text }),
      capabilities: z.object({ experimentalApi: z.boolean(), requestAttestation: z.boolean() }),
    }),
    result: z.object({ userAgent: text, codexHome: text }),
  },
  'thread/start': { params: z.object(threadSettings), result: threadAnswer },
  'thread/resume': {
    params: z.object({ threadId: text, ...threadSettings, excludeTurns: z.boolean() }),
    result: threadAnswer,
  },
  'thread/fork': {
    params: z.object({ threadId: text, ...threadSettings, excludeTurns: z.boolean() }),
    result: threadAnswer,
  },
  'turn/start': {
    params: z.object({ threadId: text, input: z.array(textInput), permissions: text }),
    result: z.object({ turn: z.object({ id: text }) }),
  },
  'turn/steer': {
    params: z.object({
      threadId: text,
      expectedTurnId: text,
      clientUserMessageId: text,
      input: z.array(textInput),
    }),
    result: z.object({ turnId: text }),
  },
  'turn/interrupt': {
    params: z.object({ threadId: text, turnId: text }),
    result: z.object({}),
  },
} as const;

export type ClientMethod = keyof typeof CLIENT_REQUESTS;

const fileChange = z.object({ path: text, kind: z.object({ type: text }), diff: text });
const errorInfo = z.union([text, z.record(text, z.unknown())]).nullish();
const turnError = z.object({
  message: text,
  codexErrorInfo: errorInfo,
  additionalDetails: optionalText,
});

/** The kinds of item that this driver looks into; any other has an id and a type. */
export const ITEMS = {
  userMessage: z.object({ id: text, clientId: optionalText }),
  agentMessage: z.object({ id: text, text }),
  reasoning: z.object({ id: text, summary: z.array(text).default([]) }),
  commandExecution: z.object({
    id: text,
    command: text,
    cwd: text,
    status: text,
    aggregatedOutput: optionalText,
    exitCode: z.number().int().nullish(),
    durationMs: z.number().nullish(),
  }),
  fileChange: z.object({ id: text, changes: z.array(fileChange), status: text }),
  mcpToolCall: z.object({
    id: text,
    server: text,
    tool: text,
    status: text,
    arguments: z.json().optional(),
    result: z.json().nullish(),
    error: z.object({ message: text }).nullish(),
    durationMs: z.number().nullish(),
  }),
  webSearch: z.object({ id: text, query: text.default('') }),
} as const;

/** An item as it came; what its type promises is parsed when it is mapped. */
const item = z.looseObject({ type: text, id: text });
export type Item = z.infer<typeof item>;
export type FileChange = z.infer<typeof fileChange>;
export type TurnError = z.infer<typeof turnError>;

const ofTurn = { threadId: text, turnId: text };
const delta = z.object({ ...ofTurn, itemId: text, delta: text });
const tokens = z.object({
  inputTokens: z.number().int(),
  cachedInputTokens: z.number().int(),
  outputTokens: z.number().int(),
  reasoningOutputTokens: z.number().int(),
});
export type TokenCounts = z.infer<typeof tokens>;

/** Notifications that something is made of. The others are for clients with a screen. */
export const NOTIFICATIONS = {
  error: z.object({ ...ofTurn, error: turnError, willRetry: z.boolean() }),
  warning: z.object({ message: text }),
  configWarning: z.object({ summary: text, details: optionalText }),
  'model/rerouted': z.object({ ...ofTurn, fromModel: text, toModel: text }),
  'item/started': z.object({ ...ofTurn, item, startedAtMs: z.number() }),
  'item/completed': z.object({ ...ofTurn, item, completedAtMs: z.number() }),
  'item/agentMessage/delta': delta,
  'item/reasoning/summaryTextDelta': delta,
  'item/commandExecution/outputDelta': delta,
  'turn/plan/updated': z.object({
    ...ofTurn,
    explanation: optionalText,
    plan: z.array(z.object({ step: text, status: text })),
  }),
  'turn/diff/updated': z.object({ ...ofTurn, diff: text }),
  'thread/tokenUsage/updated': z.object({
    ...ofTurn,
    tokenUsage: z.object({ total: tokens }),
  }),
  'turn/completed': z.object({
    threadId: text,
    turn: z.object({ id: text, status: text, error: turnError.nullish() }),
  }),
} as const;

export type NotificationMethod = keyof typeof NOTIFICATIONS;
export type Notification = {
  [M in NotificationMethod]: { method: M; params: z.infer<(typeof NOTIFICATIONS)[M]> };
}[NotificationMethod];

const ofItem = { ...ofTurn, itemId: text };
const permissions = z.looseObject({
  network: z.looseObject({}).nullish(),
  fileSystem: z.looseObject({}).nullish(),
});

/** Requests of the binary that a person or a policy answers. */
export const SERVER_REQUESTS = {
  'item/commandExecution/requestApproval': {
    params: z.object({
      ...ofItem,
      reason: optionalText,
      command: optionalText,
      cwd: optionalText,
    }),
    answer: z.object({ decision: z.enum(['accept', 'decline', 'cancel']) }),
  },
  'item/fileChange/requestApproval': {
    params: z.object({ ...ofItem, reason: optionalText, grantRoot: optionalText }),
    answer: z.object({ decision: z.enum(['accept', 'decline', 'cancel']) }),
  },
  'item/permissions/requestApproval': {
    params: z.object({ ...ofItem, cwd: text, reason: optionalText, permissions }),
    answer: z.object({ permissions, scope: z.literal('turn') }),
  },
  'item/tool/requestUserInput': {
    params: z.object({
      ...ofItem,
      questions: z.array(
        z.object({
          id: text,
          header: text,
          question: text,
          isSecret: z.boolean(),
          options: z.array(z.object({ label: text, description: text })).nullish(),
        }),
      ),
    }),
    answer: z.object({ answers: z.record(text, z.object({ answers: z.array(text) })) }),
  },
  'mcpServer/elicitation/request': {
    params: z.looseObject({
      threadId: text,
      turnId: optionalText,
      serverName: text,
      mode: text,
      message: text,
    }),
    answer: z.object({
      action: z.enum(['accept', 'decline', 'cancel']),
      content: z.json().nullable(),
      _meta: z.null(),
    }),
  },
} as const;

export type ServerMethod = keyof typeof SERVER_REQUESTS;
export type ServerRequest = {
  [M in ServerMethod]: { method: M; params: z.infer<(typeof SERVER_REQUESTS)[M]['params']> };
}[ServerMethod];
export type ServerParams<M extends ServerMethod> = z.infer<(typeof SERVER_REQUESTS)[M]['params']>;

/** A line from the binary: an answer, a request or a notification. */
export const messageSchema = z.object({
  id: z.union([z.number(), z.string()]).optional(),
  method: text.optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: text }).optional(),
});

/** JSON-RPC's own codes. */
export const METHOD_NOT_FOUND = -32601;
export const INVALID_PARAMS = -32602;
