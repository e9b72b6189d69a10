-- Default privileges gave oa_runtime every table; what is append-only loses the right to change, not only the trigger's word.
revoke update, delete on runtime.run_events, runtime.worker_events, runtime.receipts, runtime.command_receipts
  from oa_runtime;

grant usage on schema runtime, khala to oa_khala;
grant select on runtime.sync_topics, runtime.sync_events, runtime.sync_snapshots, runtime.sync_revocations to oa_khala;
grant select on runtime.sync_heads, runtime.sync_feed to oa_khala;
grant select, insert on khala.audit to oa_khala;
