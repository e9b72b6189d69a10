import type { UserId } from '#proto/ids.ts';
import type { Sql } from '../connect.ts';
import type { Tx } from '../transaction.ts';

export interface UserRow {
  user_id: UserId;
  email: string;
  name: string;
}

/** The person with this e-mail, created under `userId` where there is none. Two first logins at once make one person. */
export async function findOrCreateUser(
  tx: Tx,
  draft: { userId: UserId; email: string; now: Date },
): Promise<{ user: UserRow; created: boolean }> {
  const { userId, email, now } = draft;
  const [inserted] = await tx<UserRow[]>`
    insert into control.users (user_id, email, created_at, updated_at)
    values (${userId}, ${email}, ${now}, ${now})
    on conflict (email) do nothing
    returning user_id, email, name`;
  if (inserted) return { user: inserted, created: true };
  const [found] = await tx<UserRow[]>`
    select user_id, email, name from control.users where email = ${email}`;
  if (!found) throw new Error('a user whose e-mail conflicted has vanished');
  return { user: found, created: false };
}

export async function findUser(sql: Sql | Tx, userId: string): Promise<UserRow | null> {
  const [user] = await sql<UserRow[]>`
    select user_id, email, name from control.users
    where user_id = ${userId} and deleted_at is null`;
  return user ?? null;
}
