-- Workers, what they were asked and what they answered.

create table runtime.workers (
  worker_id text primary key,
  user_id text,
  guest_scope text,
  org_id text,
  shared_with_org boolean not null default false,
  status text not null default 'starting'
    check (status in ('starting', 'running', 'stopping', 'stopped', 'failed')),
  workspace_ref text not null default '',
  codex_home_ref text not null default '',
  adapter text not null default '',
  labels jsonb not null default '{}',
  metadata jsonb not null default '{}',
  latest_seq int8 not null default 0,
  lease_epoch int8 not null default 0,
  lease_expires_at timestamptz(3),
  last_heartbeat_at timestamptz(3),
  started_at timestamptz(3) not null default clock_timestamp(),
  stopped_at timestamptz(3),
  updated_at timestamptz(3) not null default clock_timestamp(),
  constraint workers_one_owner check (num_nonnulls(user_id, guest_scope) = 1)
) with (fillfactor = 60);
create index workers_by_user on runtime.workers (user_id, worker_id) where user_id is not null;
create index workers_by_org on runtime.workers (org_id, worker_id) where org_id is not null;
create index workers_live on runtime.workers (status) where status in ('starting', 'running', 'stopping');

create table runtime.worker_events (
  worker_id text not null references runtime.workers,
  seq int8 not null check (seq > 0),
  event_type text not null,
  payload bytea not null,
  payload_sha256 bytea not null check (length(payload_sha256) = 32),
  idempotency_key text,
  recorded_at timestamptz(3) not null default clock_timestamp(),
  primary key (worker_id, seq)
);
create unique index worker_events_idempotency on runtime.worker_events (worker_id, idempotency_key)
  where idempotency_key is not null;
create trigger worker_events_append_only before update or delete on runtime.worker_events
  for each row execute function runtime.refuse_change();
create trigger worker_events_no_truncate before truncate on runtime.worker_events
  for each statement execute function runtime.refuse_change();

create table runtime.worker_requests (
  worker_id text not null references runtime.workers,
  request_id text not null,
  method text not null,
  params jsonb not null default '{}',
  run_id text,
  thread_id text,
  state text not null default 'pending' check (state in ('pending', 'succeeded', 'failed', 'timeout')),
  response jsonb,
  error_code text,
  error_message text,
  seq int8 not null default 0,
  fingerprint text,
  created_at timestamptz(3) not null default clock_timestamp(),
  deadline_at timestamptz(3) not null,
  finished_at timestamptz(3),
  primary key (worker_id, request_id),
  -- Exactly one terminal receipt: pending has none, everything else has its time.
  constraint worker_requests_finished check ((state = 'pending') = (finished_at is null))
);
create index worker_requests_by_run on runtime.worker_requests (run_id, created_at) where run_id is not null;
create index worker_requests_overdue on runtime.worker_requests (deadline_at) where state = 'pending';
