-- Open runs whose Temporal history has ended or is gone.

-- The reconciler walks the open runs in order of their ids, some at a time.
create index runs_open on runtime.runs (run_id) where status in ('created', 'running', 'canceling');

-- Runs that somebody could not reach: they are looked at before the walk comes by.
create table runtime.unreached_runs (
  run_id text primary key references runtime.runs (run_id),
  noted_at timestamptz(3) not null default clock_timestamp()
);
create index unreached_runs_by_time on runtime.unreached_runs (noted_at);
