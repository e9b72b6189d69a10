-- Threads, messages, approvals.

create table runtime.threads (
  thread_id text primary key,
  user_id text,
  guest_scope text,
  org_id text,
  worker_id text,
  active_run_id text,
  message_count int4 not null default 0,
  created_at timestamptz(3) not null default clock_timestamp(),
  updated_at timestamptz(3) not null default clock_timestamp(),
  last_message_at timestamptz(3),
  constraint threads_one_owner check (num_nonnulls(user_id, guest_scope) = 1)
);
create index threads_by_user on runtime.threads (user_id, created_at desc, thread_id desc) where user_id is not null;

create table runtime.messages (
  message_id text primary key,
  thread_id text not null references runtime.threads,
  position int4 not null check (position > 0),
  role text not null check (role in ('user', 'assistant', 'system')),
  text text not null,
  run_id text,
  created_at timestamptz(3) not null default clock_timestamp(),
  unique (thread_id, position)
);

create table runtime.approvals (
  approval_id text primary key,
  run_id text not null references runtime.runs,
  kind text not null,
  subject jsonb not null default '{}',
  reason text not null default '',
  state text not null default 'requested'
    check (state in ('requested', 'approved', 'denied', 'expired', 'superseded')),
  decision text check (decision in ('approve', 'deny')),
  scope text check (scope in ('once', 'run', 'session')),
  resolved_by text,
  resolution_reason text,
  requested_at timestamptz(3) not null default clock_timestamp(),
  expires_at timestamptz(3) not null,
  resolved_at timestamptz(3),
  constraint approvals_resolved check ((state = 'requested') = (resolved_at is null))
);
create index approvals_by_run on runtime.approvals (run_id, requested_at);
create index approvals_open on runtime.approvals (expires_at) where state = 'requested';
