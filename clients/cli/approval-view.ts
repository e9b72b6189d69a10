/** An approval as lines for a person: exactly what would be done, who wants to know, and what happens without an answer. */
import type { JsonObject, JsonValue } from '#proto/canonical.ts';
import type { Approval } from '#proto/gen/types.ts';
import { oneLine, type Paint, printable } from './terminal.ts';

const TEXT_CHARACTERS_MAX = 200;
const LABEL_WIDTH = 10;

export function approvalLines(approval: Approval, paint: Paint, nowMs: number): string[] {
  const { subject = {}, policy } = approval;
  const title = `${approval.approval_id}  ${approval.kind.replaceAll('_', ' ')}`;
  const row = (label: string, text: string) =>
    text ? [`  ${paint('dim', label.padEnd(LABEL_WIDTH))} ${text}`] : [];
  return [
    paint('bold', title),
    ...row('run', `${approval.run_id}  ${oneLine(approval.objective, TEXT_CHARACTERS_MAX)}`),
    ...row('asks for', whatOf(subject)),
    ...row('in', textOf(subject['cwd'])),
    ...blockOf(textOf(subject['diff'])),
    ...row('because', oneLine(approval.reason, TEXT_CHARACTERS_MAX)),
    ...row('policy', policy ? `${policy.reason_code}: ${policy.explanation}` : ''),
    ...row('answer', answerOf(approval, nowMs)),
  ];
}

/** What would be done, in one line: the whole command, the path, the tool. */
export function whatOf(subject: JsonObject): string {
  const command = subject['command'];
  if (Array.isArray(command)) return printable(command.map(shellWord).join(' '));
  const server = textOf(subject['server']);
  const named =
    textOf(command) ||
    textOf(subject['text']) ||
    textOf(subject['path']) ||
    textOf(subject['tool']);
  return oneLine(server ? `${named} (${server})` : named, Number.MAX_SAFE_INTEGER);
}

/** As a shell would have to be given it: an argument with a space is one argument, and a line break makes no line here. */
function shellWord(word: JsonValue): string {
  const text = String(word);
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (!/[\n\t]/.test(text)) return `'${text.replaceAll("'", `'\\''`)}'`;
  const escaped = text.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
  return `$'${escaped.replaceAll('\n', '\\n').replaceAll('\t', '\\t')}'`;
}

function blockOf(text: string): string[] {
  if (text === '') return [];
  return printable(text)
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => `    ${line}`);
}

function answerOf(approval: Approval, nowMs: number): string {
  if (approval.state !== 'requested') {
    const by = approval.resolved_by ? ` by ${approval.resolved_by}` : '';
    return `${approval.state}${by}${approval.resolved_at ? ` at ${approval.resolved_at}` : ''}`;
  }
  const scopes = approval.scopes.join(', ');
  return `${scopes}; without one ${untilOf(approval.expires_at, nowMs)}: ${approval.on_timeout}`;
}

function untilOf(expiresAt: string | undefined, nowMs: number): string {
  const minutes = Math.ceil((Date.parse(expiresAt ?? '') - nowMs) / 60_000);
  if (!Number.isFinite(minutes)) return 'in time';
  return minutes > 0 ? `within ${minutes} min (${expiresAt})` : `by ${expiresAt}`;
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
