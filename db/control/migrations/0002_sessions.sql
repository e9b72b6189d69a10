-- How a person gets in, stays in and is put out.

create table control.challenges (
  challenge_id text primary key,
  email text not null check (email = lower(email)),
  -- HMAC of challenge and code under a server key: a copy of this table yields no code. Null: the provider checks it.
  code_hash bytea check (length(code_hash) = 32),
  -- What the provider calls this challenge.
  provider_ref text,
  attempts int4 not null default 0 check (attempts between 0 and 5),
  created_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  consumed_at timestamptz(3),
  constraint challenges_someone_checks check (num_nonnulls(code_hash, provider_ref) = 1)
);
create index challenges_expires_at on control.challenges (expires_at);

-- One login on one device. Its refresh tokens form one family, so the session is the family.
create table control.sessions (
  session_id text primary key,
  user_id text not null,
  device_id text not null,
  active_org_id text not null,
  -- That a session has expired is read off its clock, never written.
  status text not null default 'active' check (status in ('active', 'revoked')),
  issued_at timestamptz(3) not null,
  access_expires_at timestamptz(3) not null,
  refresh_expires_at timestamptz(3) not null,
  last_refreshed_at timestamptz(3),
  revoked_at timestamptz(3),
  revoked_reason text check (revoked_reason in
    ('user_requested', 'admin_revoked', 'token_replay', 'device_replaced', 'security_policy')),
  foreign key (user_id, device_id) references control.devices,
  foreign key (user_id, active_org_id) references control.memberships (user_id, org_id),
  constraint sessions_revoked check ((status = 'active') = (revoked_at is null)),
  constraint sessions_revoked_reason check ((revoked_at is null) = (revoked_reason is null))
);
-- Logging in again on a device replaces its session; two logins at once cannot both stay.
create unique index sessions_one_per_device on control.sessions (user_id, device_id) where status = 'active';
create index sessions_by_user on control.sessions (user_id, issued_at desc);

create table control.refresh_tokens (
  -- SHA-256 of the token, which itself is stored nowhere.
  token_hash bytea primary key check (length(token_hash) = 32),
  session_id text not null references control.sessions,
  generation int4 not null check (generation >= 0),
  issued_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  rotated_at timestamptz(3),
  successor_hash bytea check (length(successor_hash) = 32),
  constraint refresh_tokens_rotated check ((rotated_at is null) = (successor_hash is null))
);
-- A token has at most one successor, and a family exactly one token that is not rotated.
create unique index refresh_tokens_generation on control.refresh_tokens (session_id, generation);
create unique index refresh_tokens_one_current on control.refresh_tokens (session_id) where rotated_at is null;
create index refresh_tokens_expires_at on control.refresh_tokens (expires_at);

-- What the runtime, and through it every Khala node, must still be told. Written with the revocation itself.
create table control.session_revocations (
  revocation_id int8 generated always as identity primary key,
  session_ids text[] not null check (cardinality(session_ids) between 1 and 1000),
  reason text not null,
  requested_at timestamptz(3) not null,
  attempts int4 not null default 0,
  next_attempt_at timestamptz(3) not null,
  last_error text not null default '',
  told_at timestamptz(3)
);
create index session_revocations_open on control.session_revocations (next_attempt_at) where told_at is null;
