-- What a caller asked for, and what makes asking twice safe.

create table runtime.command_receipts (
  audit_id text primary key,
  request_id text not null,
  principal text not null,
  route text not null,
  fingerprint text not null,
  positions jsonb not null,
  created_at timestamptz(3) not null default clock_timestamp()
);
create index command_receipts_by_request on runtime.command_receipts (request_id);
create trigger command_receipts_append_only before update or delete on runtime.command_receipts
  for each row execute function runtime.refuse_change();
create trigger command_receipts_no_truncate before truncate on runtime.command_receipts
  for each statement execute function runtime.refuse_change();

create table runtime.idempotency_keys (
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
  created_at timestamptz(3) not null default clock_timestamp(),
  primary key (principal, route, key),
  constraint idempotency_keys_answer check ((state = 'completed') = (status is not null))
);
create index idempotency_keys_expires_at on runtime.idempotency_keys (expires_at);

create table runtime.internal_nonces (
  jti text primary key,
  expires_at timestamptz(3) not null
);
create index internal_nonces_expires_at on runtime.internal_nonces (expires_at);

create table runtime.projection_checkpoints (
  projection text not null,
  entity_id text not null,
  projection_version text not null,
  last_seq int8 not null,
  projection_hash bytea not null check (length(projection_hash) = 32),
  projected_at timestamptz(3) not null default clock_timestamp(),
  primary key (projection, entity_id)
);
