-- Two views make one journal of two tables: a run's log is its topic's journal, every other topic has sync_events.

create view runtime.sync_heads as
select t.topic_id, t.topic, t.class, t.owner_user_id, t.org_id, t.epoch,
  coalesce(r.latest_seq, t.head_seq) as head_seq, t.floor_seq, t.snapshot_seq
from runtime.sync_topics t
left join runtime.runs r on r.topic_id = t.topic_id;

create view runtime.sync_feed as
select r.topic_id, e.seq, e.event_type as kind, 1 as schema_version, e.payload, e.payload_sha256,
  e.event_hash, null::text as doc_key, null::int8 as doc_version, e.recorded_at as inserted_at
from runtime.runs r
join runtime.run_events e on e.run_id = r.run_id;

-- Creates the day partitions of today and the next days; rows that came before their partition move into it.
-- Runs with the owner's rights, because a service role owns nothing and may not create tables.
create function runtime.ensure_sync_partitions(p_days_ahead int4) returns int4
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  parent text;
  child text;
  wanted date;
  created int4 := 0;
begin
  if p_days_ahead not between 0 and 31 then
    raise exception 'days ahead must be within 0 and 31' using errcode = 'invalid_parameter_value';
  end if;
  perform pg_advisory_xact_lock(hashtext('runtime.ensure_sync_partitions'));
  for parent in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'runtime.sync_events'::regclass order by c.relname
  loop
    for offset_days in 0..p_days_ahead loop
      wanted := (now() at time zone 'utc')::date + offset_days;
      child := parent || '_' || to_char(wanted, 'YYYYMMDD');
      continue when to_regclass('runtime.' || child) is not null;
      execute format('create table runtime.%I (like runtime.%I including defaults including constraints)', child, parent);
      execute format(
        'with moved as (delete from runtime.%I where day = %L returning *) insert into runtime.%I select * from moved',
        parent || '_default', wanted, child);
      execute format('alter table runtime.%I attach partition runtime.%I for values from (%L) to (%L)',
        parent, child, wanted, wanted + 1);
      created := created + 1;
    end loop;
  end loop;
  return created;
end $$;

select runtime.ensure_sync_partitions(7);
