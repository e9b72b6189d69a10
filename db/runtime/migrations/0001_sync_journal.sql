-- The journal of every topic. Authority transactions write it; Khala only reads.

create function runtime.refuse_change() returns trigger
language plpgsql as $$
begin
  raise exception '%.% is append-only', tg_table_schema, tg_table_name using errcode = 'integrity_constraint_violation';
end $$;

-- Only keys are indexed and half of each page stays free, so that moving a head is a HOT update.
create table runtime.sync_topics (
  topic_id int8 generated always as identity primary key,
  topic text not null unique,
  class text not null,
  owner_user_id text,
  org_id text,
  epoch uuid not null default gen_random_uuid(),
  -- Of a run's topic the head is runs.latest_seq; read both through runtime.sync_heads.
  head_seq int8 not null default 0 check (head_seq >= floor_seq),
  floor_seq int8 not null default 0 check (floor_seq >= 0),
  snapshot_seq int8 not null default 0,
  created_at timestamptz(3) not null default clock_timestamp(),
  updated_at timestamptz(3) not null default clock_timestamp()
) with (fillfactor = 50);

-- Postgres wants the partition keys in the primary key; the topic's counter row makes (topic_id, seq) unique.
create table runtime.sync_events (
  topic_id int8 not null,
  seq int8 not null check (seq > 0),
  class text not null,
  day date not null,
  kind text not null,
  schema_version int4 not null default 1,
  payload bytea not null,
  payload_sha256 bytea not null check (length(payload_sha256) = 32),
  doc_key text,
  doc_version int8,
  inserted_at timestamptz(3) not null,
  primary key (topic_id, seq, class, day)
) partition by list (class);

-- Class run_events has no partition: the log itself is its journal (docs/adr/0002).
create table runtime.sync_events_run_summaries partition of runtime.sync_events
  for values in ('run_summaries') partition by range (day);
create table runtime.sync_events_codex_worker_summaries partition of runtime.sync_events
  for values in ('codex_worker_summaries') partition by range (day);
create table runtime.sync_events_codex_worker_events partition of runtime.sync_events
  for values in ('codex_worker_events') partition by range (day);
create table runtime.sync_events_notifications partition of runtime.sync_events
  for values in ('notifications') partition by range (day);
create table runtime.sync_events_treasury partition of runtime.sync_events
  for values in ('treasury') partition by range (day);
create table runtime.sync_events_aegis partition of runtime.sync_events
  for values in ('aegis') partition by range (day);
create table runtime.sync_events_system partition of runtime.sync_events
  for values in ('system') partition by range (day);

-- An append must never fail because nobody created tomorrow: such rows land here and are moved by ensure_sync_partitions.
create table runtime.sync_events_run_summaries_default partition of runtime.sync_events_run_summaries default;
create table runtime.sync_events_codex_worker_summaries_default partition of runtime.sync_events_codex_worker_summaries default;
create table runtime.sync_events_codex_worker_events_default partition of runtime.sync_events_codex_worker_events default;
create table runtime.sync_events_notifications_default partition of runtime.sync_events_notifications default;
create table runtime.sync_events_treasury_default partition of runtime.sync_events_treasury default;
create table runtime.sync_events_aegis_default partition of runtime.sync_events_aegis default;
create table runtime.sync_events_system_default partition of runtime.sync_events_system default;

create table runtime.sync_snapshots (
  topic_id int8 not null references runtime.sync_topics,
  as_of_seq int8 not null,
  epoch uuid not null,
  schema_version int4 not null default 1,
  payload bytea not null,
  payload_sha256 bytea not null check (length(payload_sha256) = 32),
  created_at timestamptz(3) not null default clock_timestamp(),
  primary key (topic_id, as_of_seq)
);

create table runtime.sync_revocations (
  revocation_id int8 generated always as identity primary key,
  jti text,
  session_id text,
  device_id text,
  user_id text,
  org_id text,
  reason text not null default '',
  not_before timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  created_at timestamptz(3) not null default clock_timestamp(),
  -- An organisation is only ever revoked for one user.
  check (num_nonnulls(jti, session_id, device_id, user_id) = 1),
  check (org_id is null or user_id is not null)
);
create index sync_revocations_expires_at on runtime.sync_revocations (expires_at);

create table khala.audit (
  audit_id int8 generated always as identity primary key,
  node_id text not null,
  connection_id text not null default '',
  decision text not null check (decision in ('allow', 'deny', 'auth_failure')),
  reason text not null default '',
  user_id text,
  session_id text,
  device_id text,
  topic text,
  -- Allows may be counted together under overload; denials never are.
  occurrences int4 not null default 1 check (occurrences > 0),
  recorded_at timestamptz(3) not null default clock_timestamp()
);
create index audit_recorded_at on khala.audit (recorded_at);
create trigger audit_append_only before update or delete on khala.audit
  for each row execute function runtime.refuse_change();
create trigger audit_no_truncate before truncate on khala.audit
  for each statement execute function runtime.refuse_change();
