import { type FieldFault, ProblemError } from '#proto/errors.ts';
import { isScope, type Scope } from '#proto/scopes.ts';
import { type ParsedTopic, parseTopic, type Topic } from '#proto/topics.ts';

type JoinableTopic = Extract<ParsedTopic, { joinable: true }>;

export interface TopicGrant {
  readonly topic: Topic;
  readonly scope: Scope;
}

export interface GrantPlan {
  /** Each topic once, in the order asked. */
  readonly grants: readonly TopicGrant[];
  /** What the token carries: what was asked, or what the topics need. Never more than the role has. */
  readonly scopes: readonly Scope[];
}

export interface GrantRequest {
  readonly topics: readonly string[];
  /** Empty: as many as the topics need. */
  readonly scopes: readonly string[];
}

export interface Grantee {
  readonly user_id: string;
  readonly org_id: string;
  readonly scopes: readonly string[];
}

/** The refusal for every topic that is not the caller's, so that nobody learns which ones exist. */
const NOT_GRANTABLE = 'cannot be granted';

/**
 * Decides all that can be decided without asking who owns a run or a worker. All or nothing: a client that gets less
 * than it asked would wait on a topic for ever.
 *
 * @throws ProblemError invalid_scope naming each topic and scope that cannot be granted.
 */
export function planGrants(request: GrantRequest, grantee: Grantee): GrantPlan {
  const faults: FieldFault[] = [];
  const asked = askedScopes(request.scopes, grantee, faults);
  const grants = new Map<Topic, TopicGrant>();
  for (const [index, text] of request.topics.entries()) {
    const parsed = parseTopic(text);
    const reason = parsed.ok ? refusal(parsed.topic, grantee, asked) : parsed.reason;
    if (reason !== null) faults.push({ path: `$.topics[${index}]`, reason });
    else if (parsed.ok && parsed.topic.joinable) {
      const { text: topic, scope } = parsed.topic;
      grants.set(topic, { topic, scope });
    }
  }
  if (faults.length > 0) throw ungrantable(faults);
  const needed = new Set([...grants.values()].map(({ scope }) => scope));
  return { grants: [...grants.values()], scopes: asked ?? [...needed] };
}

/**
 * Applies the runtime's word on ownership: what it does not allow by name is refused.
 *
 * @throws ProblemError invalid_scope
 */
export function requireOwned(
  topics: readonly string[],
  answers: readonly { topic: string; allowed: boolean }[],
): void {
  const allowed = new Set(answers.flatMap(({ topic, allowed }) => (allowed ? [topic] : [])));
  const faults = topics.flatMap((topic, index) =>
    allowed.has(topic) ? [] : [{ path: `$.topics[${index}]`, reason: NOT_GRANTABLE }],
  );
  if (faults.length > 0) throw ungrantable(faults);
}

function askedScopes(
  scopes: readonly string[],
  grantee: Grantee,
  faults: FieldFault[],
): Scope[] | null {
  if (scopes.length === 0) return null;
  const asked = new Set<Scope>();
  for (const [index, scope] of scopes.entries()) {
    if (isScope(scope) && grantee.scopes.includes(scope)) asked.add(scope);
    else faults.push({ path: `$.scopes[${index}]`, reason: 'is not a scope of this session' });
  }
  return [...asked];
}

function refusal(topic: ParsedTopic, grantee: Grantee, asked: Scope[] | null): string | null {
  if (!topic.joinable) return NOT_GRANTABLE;
  if (!isTheirs(topic, grantee)) return NOT_GRANTABLE;
  if (!grantee.scopes.includes(topic.scope)) return `needs the scope ${topic.scope}`;
  if (asked && !asked.includes(topic.scope)) return `needs ${topic.scope} among the scopes asked`;
  return null;
}

/** Runs and workers have owners that only the runtime knows. */
function isTheirs(topic: JoinableTopic, grantee: Grantee): boolean {
  switch (topic.entity) {
    case 'user':
      return topic.id === grantee.user_id;
    case 'org':
      return topic.id === grantee.org_id;
    case 'run':
    case 'worker':
      return true;
  }
}

function ungrantable(faults: readonly FieldFault[]): ProblemError {
  return new ProblemError('invalid_scope', 'Some of this cannot be granted.', { faults });
}
