import { listMemberships } from '#db/control/memberships.ts';
import { findSession, listSessions } from '#db/control/sessions.ts';
import { findUser } from '#db/control/users.ts';
import { transaction } from '#db/transaction.ts';
import { ProblemError } from '#proto/errors.ts';
import type { SessionRevocationRequest } from '#proto/gen/types.ts';
import { formatTime } from '#proto/time.ts';
import { type Person, requirePerson } from '../../shared/http/caller.ts';
import type { ControlDeps } from '../control-deps.ts';
import { commandIds, writeAudit } from '../guards/audit.ts';
import { endSessions } from '../sessions/revoke.ts';
import { membershipView, sessionView, userView } from '../sessions/session-view.ts';
import type { ControlHandlers } from './control-handlers.ts';
import { revocationOf } from './revocation-request.ts';

/** Routes about the caller's own sessions. */
export function sessionHandlers(deps: ControlDeps) {
  const { sql, now } = deps;
  return {
    async 'auth.session.read'({ caller }) {
      const { session, user, memberships } = await load(deps, requirePerson(caller));
      return { data: { session: sessionView(session, memberships, now()), user: userView(user) } };
    },

    async 'auth.sessions.listed'({ caller, query, requestId }) {
      const person = requirePerson(caller);
      const deviceId = query.text('device_id')?.toLowerCase();
      const [memberships, sessions] = await Promise.all([
        listMemberships(sql, person.user_id),
        listSessions(sql, { userId: person.user_id, deviceId }),
      ]);
      const at = now();
      const event = 'auth.sessions.listed' as const;
      await writeAudit(sql, {
        event,
        outcome: 'ok',
        requestId,
        subject: subjectOf(person),
        now: at,
      });
      return {
        data: {
          current_session_id: person.session_id,
          sessions: sessions.map((session) => sessionView(session, memberships, at)),
        },
      };
    },

    async 'auth.sessions.revoked'({ caller, body, command }) {
      const person = requirePerson(caller);
      const { target, reason } = revocationOf(body, person);
      const at = now();
      const answer = await transaction(sql, async (tx) => {
        await requireKnown(deps, person, body);
        const order = { userId: person.user_id, target, reason, ...commandIds(command), now: at };
        const revoked_session_ids = await endSessions(tx, order);
        const revoked_at = formatTime(at.getTime());
        return command.complete(tx, { data: { revoked_session_ids, revoked_at } });
      });
      deps.courier.wake();
      return answer;
    },

    async 'auth.logout.completed'({ caller, command }) {
      const person = requirePerson(caller);
      const at = now();
      const { requestId, auditId } = commandIds(command);
      await transaction(sql, async (tx) => {
        await endSessions(tx, {
          userId: person.user_id,
          target: { sessionId: person.session_id },
          reason: 'user_requested',
          requestId,
          now: at,
        });
        await writeAudit(tx, {
          event: 'auth.logout.completed',
          outcome: 'ok',
          requestId,
          auditId,
          subject: subjectOf(person),
          now: at,
        });
      });
      deps.courier.wake();
      return { data: { session_id: person.session_id, revoked_at: formatTime(at.getTime()) } };
    },

    async 'me.read'({ caller }) {
      const person = requirePerson(caller);
      const { user, memberships } = await load(deps, person);
      return {
        data: {
          user: userView(user),
          memberships: memberships.map(membershipView),
          active_org_id: person.org_id,
        },
      };
    },

    async 'org.memberships.listed'({ caller }) {
      const memberships = await listMemberships(sql, requirePerson(caller).user_id);
      return { data: { memberships: memberships.map(membershipView) } };
    },
  } satisfies Partial<ControlHandlers>;
}

async function load({ sql }: ControlDeps, person: Person) {
  const [session, user, memberships] = await Promise.all([
    findSession(sql, person.session_id),
    findUser(sql, person.user_id),
    listMemberships(sql, person.user_id),
  ]);
  // The authenticator has just seen both; whoever deletes an account between the two is gone.
  if (!session || !user) throw new ProblemError('session_revoked', 'This account is gone.');
  return { session, user, memberships };
}

/** A session that is not the caller's looks like one that does not exist. */
async function requireKnown(
  { sql }: ControlDeps,
  person: Person,
  { session_id }: SessionRevocationRequest,
): Promise<void> {
  if (session_id === undefined) return;
  const session = await findSession(sql, session_id);
  if (session?.user_id === person.user_id) return;
  throw new ProblemError('not_found', 'You have no such session.');
}

function subjectOf({ user_id, session_id, org_id, device_id }: Person) {
  return { user_id, session_id, org_id, device_id };
}
