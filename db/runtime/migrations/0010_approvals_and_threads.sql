-- Approvals that agents ask for, what answers cover beyond one question, and the agent's own threads.

alter table runtime.runs drop constraint runs_phase_check;
alter table runtime.runs add constraint runs_phase_check
  check (phase in ('', 'dispatching', 'executing', 'awaiting_approval', 'verifying', 'settling', 'budget_exhausted',
    'awaiting_message'));

-- offered: stored by the API, not yet taken up by the run's workflow; nobody sees it.
alter table runtime.approvals drop constraint approvals_state_check;
alter table runtime.approvals add constraint approvals_state_check
  check (state in ('offered', 'requested', 'approved', 'denied', 'expired', 'superseded'));
alter table runtime.approvals drop constraint approvals_resolved;
alter table runtime.approvals add constraint approvals_resolved
  check ((state in ('offered', 'requested')) = (resolved_at is null));
alter table runtime.approvals
  add column request_id text,
  add column approval_key text not null default '',
  add column worker_id text,
  add column turn int4 not null default 0,
  add column generation int4 not null default 0,
  add column scopes text[] not null default '{once}',
  add column rule_key text not null default '',
  add column policy jsonb not null default '{}',
  add column on_timeout text not null default 'deny' check (on_timeout in ('approve', 'deny'));
create index approvals_by_request on runtime.approvals (request_id) where request_id is not null;
create index approvals_waiting on runtime.approvals (requested_at, approval_id) where state = 'requested';

-- Answers of scope session: they hold for every run of the thread. No foreign key: a run's thread may get its row later.
create table runtime.approval_grants (
  thread_id text not null,
  rule_key text not null check (rule_key <> ''),
  approval_id text not null references runtime.approvals,
  granted_by text not null,
  granted_at timestamptz(3) not null default clock_timestamp(),
  primary key (thread_id, rule_key)
);

alter table runtime.threads
  add column agent_thread_id text,
  add column agent_worker_id text,
  -- The agent thread is that of the thread this one was forked from: the first turn begins a copy of it.
  add column agent_thread_forks boolean not null default false,
  add column forked_from_thread_id text,
  add constraint threads_agent_thread check ((agent_thread_id is null) = (agent_worker_id is null));
