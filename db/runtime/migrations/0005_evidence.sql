-- What can be shown to a third party: content by hash, receipts, the keys that signed them, the policies they name.

create table runtime.artifacts (
  sha256 bytea primary key check (length(sha256) = 32),
  bytes int8 not null check (bytes >= 0),
  created_at timestamptz(3) not null default clock_timestamp()
);

-- An artifact is read through a run that grants it, never by its hash alone.
create table runtime.artifact_grants (
  run_id text not null references runtime.runs,
  sha256 bytea not null references runtime.artifacts,
  kind text not null,
  granted_at timestamptz(3) not null default clock_timestamp(),
  primary key (run_id, sha256, kind)
);

create table runtime.receipts (
  receipt_id text primary key,
  schema text not null,
  run_id text references runtime.runs,
  idempotency_key text not null,
  canonical bytea not null,
  receipt jsonb not null,
  kid text not null,
  issued_at timestamptz(3) not null,
  unique (schema, idempotency_key)
);
create index receipts_by_run on runtime.receipts (run_id, schema) where run_id is not null;
create trigger receipts_append_only before update or delete on runtime.receipts
  for each row execute function runtime.refuse_change();
create trigger receipts_no_truncate before truncate on runtime.receipts
  for each statement execute function runtime.refuse_change();

create table runtime.policy_bundles (
  policy_bundle_id text primary key,
  document bytea not null,
  created_at timestamptz(3) not null default clock_timestamp()
);

create table runtime.signing_keys (
  kid text primary key,
  service text not null,
  public_jwk jsonb not null,
  not_before timestamptz(3) not null default clock_timestamp(),
  retired_at timestamptz(3)
);
