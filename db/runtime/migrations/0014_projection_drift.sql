-- What the auditor found: rows that contradicted their log, and that were rebuilt from it.
create table runtime.projection_drift (
  drift_id bigint generated always as identity primary key,
  projection text not null,
  entity_id text not null,
  drift_class text not null check (drift_class in
    ('summary_hash_mismatch', 'projection_version_changed', 'hash_and_lag_drift', 'checkpoint_ahead')),
  fields text[] not null,
  expected_seq int8 not null,
  found_seq int8 not null,
  detected_at timestamptz(3) not null default clock_timestamp()
);
create index projection_drift_by_entity on runtime.projection_drift (entity_id, detected_at);
