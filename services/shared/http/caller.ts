import { ProblemError } from '#proto/errors.ts';
import type { Scope } from '#proto/scopes.ts';

/** A person, known by an access token or named by a gateway's assertion. */
export interface Person {
  readonly kind: 'person';
  readonly principal: `user:${string}`;
  readonly user_id: string;
  /** Empty outside any organisation. */
  readonly org_id: string;
  readonly scopes: readonly string[];
  readonly session_id: string;
  readonly device_id: string;
  /** Empty where a gateway speaks for the person. */
  readonly token_id: string;
  /** When the proof was made: what was revoked later concerns it. */
  readonly issued_at_ms: number;
}

/** One of our services, known by its assertion. */
export interface Service {
  readonly kind: 'service';
  readonly principal: `service:${string}`;
  readonly service: string;
}

export interface Anonymous {
  readonly kind: 'anonymous';
  readonly principal: 'anonymous';
}

export type Caller = Person | Service | Anonymous;

export const ANONYMOUS: Anonymous = { kind: 'anonymous', principal: 'anonymous' };

export function person(claims: Omit<Person, 'kind' | 'principal'>): Person {
  return { ...claims, kind: 'person', principal: `user:${claims.user_id}` };
}

export function service(name: string): Service {
  return { kind: 'service', principal: `service:${name}`, service: name };
}

/** The person who calls. @throws ProblemError forbidden for a service that speaks for nobody. */
export function requirePerson(caller: Caller): Person {
  if (caller.kind === 'person') return caller;
  throw new ProblemError('forbidden', 'Only a person may do that.');
}

/** @throws ProblemError forbidden naming the scope. A service is bound by its route, not by scopes. */
export function requireScope(caller: Caller, scope: Scope): void {
  if (caller.kind !== 'person' || caller.scopes.includes(scope)) return;
  throw new ProblemError('forbidden', `The credential lacks the scope ${scope}.`);
}
