-- Runs that have ended and whose replay file was never written: few, and looked for often.
create index runs_without_files on runtime.runs (run_id)
  where trajectory_hash is not null and replay is null;
