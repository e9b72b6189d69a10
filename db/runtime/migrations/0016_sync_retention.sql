-- Retention of the journal: the floor of a run's topic can move, and what lies below every floor can go.

-- The head of a run's topic stands in runs.latest_seq, so only the others are compared with it here.
alter table runtime.sync_topics drop constraint sync_topics_check;
alter table runtime.sync_topics add constraint sync_topics_head_above_floor
  check (class = 'run_events' or head_seq >= floor_seq);

-- The walk over the topics of a class. A class never changes, so moving a head stays a HOT update. Runs, which are most,
-- are left out.
create index sync_topics_by_class on runtime.sync_topics (class, topic_id) where class <> 'run_events';

-- Drops a day's partition of a class once every row in it is at or below its topic's floor. Answers the rows that went;
-- -1 where a row is still retained, null where somebody holds the partition now.
-- 1. No row above its topic's floor ever goes: writers of this day are kept out while it is looked at.
-- 2. Today and the days to come stay, whatever they hold.
-- 3. It never waits long for a lock: who appends or reads would queue behind it. The next pass comes.
-- Runs with the owner's rights, because a service role owns nothing.
create function runtime.drop_unreachable_partition(p_partition text) returns int8
language plpgsql security definer
set search_path = pg_catalog, pg_temp set lock_timeout = '500ms' as $$
declare
  day date;
  found_rows int8;
  retained boolean;
begin
  select substring(c.relname from '_(\d{8})$')::date into day
  from pg_inherits i
  join pg_class c on c.oid = i.inhrelid
  join pg_inherits p on p.inhrelid = i.inhparent
  where p.inhparent = 'runtime.sync_events'::regclass and c.relname = p_partition;
  if day is null or day >= (now() at time zone 'utc')::date then
    raise exception '% is no partition of a past day', p_partition using errcode = 'invalid_parameter_value';
  end if;
  execute format('lock table runtime.%I in share row exclusive mode', p_partition);
  execute format(
    'select count(*), coalesce(bool_or(e.seq > t.floor_seq), false) from runtime.%I e join runtime.sync_topics t using (topic_id)',
    p_partition) into found_rows, retained;
  if retained then
    return -1;
  end if;
  execute format('drop table runtime.%I', p_partition);
  return found_rows;
exception when lock_not_available or deadlock_detected then
  return null;
end $$;
grant execute on function runtime.drop_unreachable_partition(text) to oa_runtime;
