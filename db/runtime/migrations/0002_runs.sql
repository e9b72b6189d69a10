-- Runs and their log.

-- latest_seq, last_event_hash and updated_at change with every append and stay out of every index (HOT).
create table runtime.runs (
  run_id text primary key,
  topic_id int8 not null unique references runtime.sync_topics,
  thread_id text not null,
  user_id text,
  guest_scope text,
  org_id text,
  status text not null default 'created'
    check (status in ('created', 'running', 'canceling', 'canceled', 'succeeded', 'failed')),
  phase text not null default ''
    check (phase in ('', 'dispatching', 'executing', 'awaiting_approval', 'verifying', 'settling', 'budget_exhausted')),
  objective text not null,
  objective_hash bytea not null check (length(objective_hash) = 32),
  work_unit text not null,
  spec jsonb not null,
  policy_bundle_id text,
  worker_id text,
  latest_seq int8 not null default 0,
  last_event_hash bytea not null default decode(repeat('00', 32), 'hex') check (length(last_event_hash) = 32),
  event_count int8 generated always as (latest_seq) stored,
  terminal_reason_class text not null default '',
  terminal_reason text not null default '',
  verdict jsonb,
  receipt_id text,
  -- The event_hash of run.finished; set, the log is closed.
  trajectory_hash bytea check (length(trajectory_hash) = 32),
  patch jsonb,
  replay jsonb,
  bundle jsonb,
  turns int4 not null default 0,
  recoveries int4 not null default 0,
  create_fingerprint text,
  created_at timestamptz(3) not null default clock_timestamp(),
  started_at timestamptz(3),
  terminal_at timestamptz(3),
  updated_at timestamptz(3) not null default clock_timestamp(),
  constraint runs_one_owner check (num_nonnulls(user_id, guest_scope) = 1)
) with (fillfactor = 60);
create index runs_by_user on runtime.runs (user_id, created_at desc, run_id desc) where user_id is not null;
create index runs_by_org on runtime.runs (org_id, created_at desc, run_id desc) where org_id is not null;
create index runs_by_guest on runtime.runs (guest_scope, created_at desc, run_id desc) where guest_scope is not null;
create index runs_by_thread on runtime.runs (thread_id, created_at desc);
create index runs_live on runtime.runs (status, worker_id) where status in ('created', 'running', 'canceling');

-- A run has its topic from the first moment, whoever inserts it.
create function runtime.give_run_its_topic() returns trigger
language plpgsql as $$
begin
  if new.topic_id is null then
    insert into runtime.sync_topics (topic, class, owner_user_id, org_id)
    values ('run:' || new.run_id || ':events', 'run_events', new.user_id, new.org_id)
    -- A second insert of the same run finds the topic of the first, and is then refused by the run's key.
    on conflict (topic) do update set updated_at = excluded.updated_at
    returning topic_id into new.topic_id;
  end if;
  return new;
end $$;
create trigger runs_topic before insert on runtime.runs
  for each row execute function runtime.give_run_its_topic();

-- No foreign key to runs: only journal_append inserts, and it holds the run's row; a check per event would cost a tenth.
create table runtime.run_events (
  run_id text not null,
  seq int8 not null check (seq > 0),
  event_type text not null check (event_type ~ '^[a-z][a-z0-9_]*([./][a-z0-9_]+)*$'),
  payload bytea not null,
  payload_sha256 bytea not null check (length(payload_sha256) = 32),
  event_hash bytea not null check (length(event_hash) = 32),
  idempotency_key text,
  sanitized boolean not null default false,
  recorded_at timestamptz(3) not null,
  primary key (run_id, seq)
);
-- One expression, so that no other index of the table can answer the lookup (see 0008_journal, 5).
create unique index run_events_idempotency on runtime.run_events ((run_id || ' ' || idempotency_key))
  where idempotency_key is not null;
create trigger run_events_append_only before update or delete on runtime.run_events
  for each row execute function runtime.refuse_change();
create trigger run_events_no_truncate before truncate on runtime.run_events
  for each statement execute function runtime.refuse_change();

-- What came after the log was closed: kept beside it, never in it.
create table runtime.late_results (
  late_result_id int8 generated always as identity primary key,
  run_id text not null references runtime.runs,
  event_type text not null,
  payload bytea not null,
  payload_sha256 bytea not null check (length(payload_sha256) = 32),
  idempotency_key text,
  received_at timestamptz(3) not null default clock_timestamp()
);
create unique index late_results_idempotency on runtime.late_results (run_id, idempotency_key)
  where idempotency_key is not null;

create table runtime.frames (
  run_id text not null references runtime.runs,
  frame_id text not null check (frame_id <> ''),
  frame_type text not null,
  payload_sha256 bytea not null check (length(payload_sha256) = 32),
  seq int8 not null,
  received_at timestamptz(3) not null default clock_timestamp(),
  primary key (run_id, frame_id)
);

create table runtime.tool_tasks (
  run_id text not null references runtime.runs,
  tool_call_id text not null,
  tool_name text not null,
  state text not null
    check (state in ('queued', 'running', 'streaming', 'succeeded', 'failed', 'canceled', 'timed_out')),
  params_hash bytea check (length(params_hash) = 32),
  output_hash bytea check (length(output_hash) = 32),
  error_class text,
  error_message text,
  queued_at timestamptz(3) not null default clock_timestamp(),
  started_at timestamptz(3),
  finished_at timestamptz(3),
  primary key (run_id, tool_call_id)
);
