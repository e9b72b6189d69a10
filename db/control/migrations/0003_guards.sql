-- What was done, what may be repeated, and how often.

create table control.audit_log (
  audit_id text primary key,
  event_name text not null,
  outcome text not null check (outcome in ('ok', 'denied', 'failed')),
  request_id text not null,
  user_id text not null default '',
  session_id text not null default '',
  org_id text not null default '',
  device_id text not null default '',
  attributes jsonb not null default '{}',
  occurred_at timestamptz(3) not null
);
create index audit_log_by_time on control.audit_log (occurred_at);
create index audit_log_by_user on control.audit_log (user_id, occurred_at);
create trigger audit_log_append_only before update or delete on control.audit_log
  for each row execute function control.refuse_change();
create trigger audit_log_no_truncate before truncate on control.audit_log
  for each statement execute function control.refuse_change();
revoke update, delete on control.audit_log from oa_control;

-- Answers that carry tokens never come here.
create table control.idempotency_keys (
  principal text not null,
  route text not null,
  key text not null,
  fingerprint text not null,
  state text not null default 'in_progress' check (state in ('in_progress', 'completed')),
  reserved_id text,
  status int4,
  headers jsonb,
  body bytea,
  lease_until timestamptz(3) not null,
  expires_at timestamptz(3),
  created_at timestamptz(3) not null,
  primary key (principal, route, key),
  constraint idempotency_keys_answer check ((state = 'completed') = (status is not null))
);
create index idempotency_keys_expires_at on control.idempotency_keys (expires_at);

create table control.internal_nonces (
  jti text primary key,
  expires_at timestamptz(3) not null
);
create index internal_nonces_expires_at on control.internal_nonces (expires_at);

-- Two adjoining windows per gate and principal: enough for a sliding estimate, in one row and one statement.
create table control.rate_limits (
  gate text not null,
  -- SHA-256 of whoever is limited: no token, address or e-mail is kept here.
  principal_hash bytea not null check (length(principal_hash) = 32),
  window_started_at timestamptz(3) not null,
  count int4 not null,
  previous_count int4 not null default 0,
  primary key (gate, principal_hash)
) with (fillfactor = 70);
create index rate_limits_stale on control.rate_limits (window_started_at);
