-- The only writers of events. Numbered as in db/runtime/journal.ts:
-- 1. Locks are taken in one order, runs before topics and each by its text in "C", so that two batches never deadlock.
-- 2. A step is whole or nothing; a refused step leaves the others of its batch untouched and answers why.
-- 3. Idempotency is looked up before any rule of state.
-- 4. seq, chain, run row, summaries and topic heads move in one statement: whoever sees n sees 1..n.
-- 5. Every table is reached by key. Plans are cached for the life of a connection, and one that was made while a table was
--    small would scan it, or take the wrong index, for ever. Hence lateral lookups that the planner cannot turn around,
--    and an index on one expression for the idempotency key, because (run_id, key) could be served by the primary key too.
-- 6. One plan serves every call. The planner takes each array for shorter than a generic plan would, and so plans all
--    statements of a call anew for ever, which costs six times the call itself; with 5 there is no other plan to find.

create function runtime.rfc3339(at timestamptz) returns text
language sql immutable parallel safe as $$
  select to_char(at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

create function runtime.verdict_json(verdict jsonb) returns text
language sql immutable parallel safe as $$
  select '{"attempt":' || coalesce((verdict ->> 'attempt')::int8, 0)
    || ',"receipt_id":' || to_json(coalesce(verdict ->> 'receipt_id', ''))
    || ',"sandboxed":' || coalesce(verdict ->> 'sandboxed', 'false')
    || ',"strength":' || to_json(coalesce(verdict ->> 'strength', ''))
    || ',"tier":' || to_json(coalesce(verdict ->> 'tier', ''))
    || ',"verdict":' || to_json(coalesce(verdict ->> 'verdict', ''))
    || '}'
$$;

-- RFC 8785 form of openagents.runtime.v1.RunSummary, keys in order; to_json escapes a string as RFC 8785 does.
-- Without a hash: the form that projection_hash is taken over.
create function runtime.run_summary_json(r runtime.runs, projection_hash text) returns text
language sql stable as $$
  select '{"created_at":"' || runtime.rfc3339(r.created_at)
    || '","latest_seq":"' || r.latest_seq
    || '","objective":' || to_json(left(r.objective, 500))
    || ',"org_id":' || to_json(coalesce(r.org_id, ''))
    || ',"phase":' || to_json(r.phase)
    || coalesce(',"projection_hash":' || to_json(projection_hash), '')
    || ',"receipt_id":' || to_json(coalesce(r.receipt_id, ''))
    || ',"run_id":' || to_json(r.run_id)
    || ',"status":' || to_json(r.status)
    || coalesce(',"terminal_at":"' || runtime.rfc3339(r.terminal_at) || '"', '')
    || ',"terminal_reason":' || to_json(left(r.terminal_reason, 500))
    || ',"terminal_reason_class":' || to_json(r.terminal_reason_class)
    || ',"thread_id":' || to_json(r.thread_id)
    || ',"updated_at":"' || runtime.rfc3339(r.updated_at)
    || '","user_id":' || to_json(coalesce(r.user_id, ''))
    || coalesce(',"verdict":' || runtime.verdict_json(r.verdict), '')
    || ',"work_unit":' || to_json(r.work_unit)
    || ',"worker_id":' || to_json(coalesce(r.worker_id, ''))
    || '}'
$$;

create function runtime.run_projection_hash(r runtime.runs) returns bytea
language sql stable as $$
  select sha256(convert_to(runtime.run_summary_json(r, null), 'UTF8'))
$$;

create function runtime.run_summary(r runtime.runs) returns bytea
language sql stable as $$
  select convert_to(
    runtime.run_summary_json(r, 'sha256:' || encode(runtime.run_projection_hash(r), 'hex')), 'UTF8')
$$;

-- Rows of any topic but a run's. Payloads stand in one value; row i is the p_lengths[i] bytes after p_starts[i].
create function runtime.journal_publish(
  p_topics text[], p_classes text[], p_user_ids text[], p_org_ids text[], p_kinds text[],
  p_starts int4[], p_lengths int4[], p_payloads bytea, p_doc_keys text[], p_doc_versions int8[]
) returns table (ord int8, topic_id int8, topic text, seq int8)
language plpgsql set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  recorded timestamptz(3) := date_trunc('milliseconds', clock_timestamp());
begin
  insert into runtime.sync_topics (topic, class, owner_user_id, org_id)
    select distinct on (d.topic collate "C") d.topic, d.class, d.user_id, d.org_id
    from unnest(p_topics, p_classes, p_user_ids, p_org_ids) d (topic, class, user_id, org_id)
    where not exists (select from runtime.sync_topics t where t.topic = d.topic)
    order by d.topic collate "C"
    on conflict (topic) do nothing;
  perform from runtime.sync_topics t where t.topic = any (p_topics)
    order by t.topic collate "C" for update;
  return query
    with draft as (
      select d.*, row_number() over (partition by d.topic order by d.ord) as place,
        substring(p_payloads from d.start + 1 for d.length) as payload
      from unnest(p_topics, p_kinds, p_starts, p_lengths, p_doc_keys, p_doc_versions)
        with ordinality d (topic, kind, start, length, doc_key, doc_version, ord)
    ), moved as (
      update runtime.sync_topics t set head_seq = t.head_seq + n.rows, updated_at = recorded
      from (select draft.topic, count(*) as rows from draft group by draft.topic) n
      where t.topic = n.topic
      returning t.topic_id, t.topic, t.class, t.head_seq - n.rows as base
    ), placed as (
      insert into runtime.sync_events
        (topic_id, seq, class, day, kind, payload, payload_sha256, doc_key, doc_version, inserted_at)
      select m.topic_id, m.base + d.place, m.class, (recorded at time zone 'utc')::date, d.kind,
        d.payload, sha256(d.payload), d.doc_key, d.doc_version, recorded
      from draft d join moved m on m.topic = d.topic
    )
    select d.ord, m.topic_id, d.topic, m.base + d.place
    from draft d join moved m on m.topic = d.topic
    order by d.ord;
end $$;

-- Newest state of these runs on the topics of their user and organisation.
create function runtime.journal_publish_summaries(p_run_ids text[])
returns table (run_id text, topic_id int8, topic text, seq int8)
language plpgsql as $$
#variable_conflict use_column
declare
  runs text[]; topics text[]; users text[]; orgs text[]; versions int8[];
  starts int4[]; lengths int4[]; payloads bytea;
begin
  select array_agg(s.run_id order by s.ord), array_agg(s.topic order by s.ord),
    array_agg(s.owner_user order by s.ord), array_agg(s.owner_org order by s.ord),
    array_agg(s.latest_seq order by s.ord), array_agg(s.start order by s.ord),
    array_agg(length(s.summary) order by s.ord), string_agg(s.summary, ''::bytea order by s.ord)
  into runs, topics, users, orgs, versions, starts, lengths, payloads
  from (
    select d.*, row_number() over w as ord,
      (sum(length(d.summary)) over w - length(d.summary))::int4 as start
    from (
      select r.run_id, r.latest_seq, runtime.run_summary(r) as summary, t.*
      from runtime.runs r
      cross join lateral (values
        ('user:' || r.user_id || ':runs', r.user_id, null),
        ('org:' || r.org_id || ':runs', null, r.org_id)) t (topic, owner_user, owner_org)
      where r.run_id = any (p_run_ids) and t.topic is not null
    ) d
    window w as (order by d.run_id, d.topic)
  ) s;
  if runs is null then
    return;
  end if;
  return query
    select runs[p.ord], p.topic_id, p.topic, p.seq
    from runtime.journal_publish(topics, array_fill('run_summaries'::text, array[cardinality(topics)]),
      users, orgs, array_fill('run.summary'::text, array[cardinality(topics)]),
      starts, lengths, payloads, runs, versions) p;
end $$;

-- Applies a RunPatch to the read model; true where the run's summary shows the difference. updated_at is the log's time
-- and moves with it alone.
create function runtime.patch_run(p_run_id text, change jsonb, recorded timestamptz) returns boolean
language plpgsql as $$
declare
  before runtime.runs;
  after runtime.runs;
begin
  select * into before from runtime.runs u where u.run_id = p_run_id;
  update runtime.runs u set
    status = coalesce(change ->> 'status', u.status),
    phase = coalesce(change ->> 'phase', u.phase),
    worker_id = case when change ? 'worker_id' then change ->> 'worker_id' else u.worker_id end,
    policy_bundle_id = coalesce(change ->> 'policy_bundle_id', u.policy_bundle_id),
    verdict = coalesce(change -> 'verdict', u.verdict),
    receipt_id = coalesce(change ->> 'receipt_id', u.receipt_id),
    patch = coalesce(change -> 'patch', u.patch),
    replay = coalesce(change -> 'replay', u.replay),
    bundle = coalesce(change -> 'bundle', u.bundle),
    turns = coalesce((change ->> 'turns')::int4, u.turns),
    recoveries = coalesce((change ->> 'recoveries')::int4, u.recoveries),
    terminal_reason_class = coalesce(change ->> 'terminal_reason_class', u.terminal_reason_class),
    terminal_reason = coalesce(change ->> 'terminal_reason', u.terminal_reason),
    started_at = case when change ->> 'status' = 'running' then coalesce(u.started_at, recorded) else u.started_at end
  where u.run_id = p_run_id
  returning * into after;
  return (before.status, before.phase, before.worker_id, before.verdict, before.receipt_id,
      before.terminal_reason_class, before.terminal_reason)
    is distinct from (after.status, after.phase, after.worker_id, after.verdict, after.receipt_id,
      after.terminal_reason_class, after.terminal_reason);
end $$;

-- The hot path: a batch of steps, one round trip, one commit.
-- p_run_ids: the distinct runs; p_step_run, p_step_expected: per step, its run (index) and the head it expects or null.
-- p_patches: {"<step>": RunPatch}. The event arrays are in step order; p_sanitized: the events (index) that were changed
-- before they came here; payloads stand in one value.
-- Answers one row for the batch. Per step: outcome ('' is ok; null for all: all are ok) and, where refused, the head it
-- met. Per run: topic and new head (-1: no such run). Per event: seq, hash (64 hex digits each), and in replayed the known ones (index).
-- Per run id: the positions of its summaries.
--
-- PL/pgSQL prepares every expression anew in each transaction, so that this function is paid by the expression: arrays
-- come ready from one query, and what only a refusal or a patch needs is not touched without one.
create function runtime.journal_append(
  p_run_ids text[], p_step_run int4[], p_step_expected int8[], p_patches jsonb,
  p_event_step int4[], p_event_type text[], p_event_key text[], p_sanitized int4[],
  p_event_start int4[], p_event_length int4[], p_payloads bytea,
  out outcomes text[], out refused_heads int8[], out run_topics int8[], out run_heads int8[],
  out seqs int8[], out hashes text, out replayed int4[], out summaries jsonb
)
language plpgsql set plan_cache_mode = force_generic_plan
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  run_ids text[] := p_run_ids;
  run_before int8[];
  run_hash text[];
  run_closed boolean[];
  run_shown text[];
  event_hash text[];
  event_digest text[] := array_fill(null::text, array[cardinality(p_event_step)]);
  fresh_steps int4[];
  fresh boolean;
  current_step int4;
  before_seq int8;
  before_hash text;
  refused text;
  recorded timestamptz(3);
  e record;
  k int4;
begin
  -- 1
  with locked as materialized (
    select o.ord, u.*
    from (select * from unnest(p_run_ids) with ordinality o (run_id, ord) order by o.run_id collate "C") o
    left join lateral (
      select u.topic_id, u.latest_seq, u.last_event_hash, u.trajectory_hash
      from runtime.runs u where u.run_id = o.run_id for update
    ) u on true
  )
  select array_agg(coalesce(l.topic_id, 0) order by l.ord), array_agg(coalesce(l.latest_seq, -1) order by l.ord),
    array_agg(encode(l.last_event_hash, 'hex') order by l.ord),
    array_agg(l.trajectory_hash is not null order by l.ord), date_trunc('milliseconds', clock_timestamp())
  into run_topics, run_heads, run_hash, run_closed, recorded
  from locked l;
  run_before := run_heads;
  if -1 = any (run_heads) then
    select array_agg(case when run_heads[s.run] = -1 then 'not_found' else '' end order by s.ord) into outcomes
    from unnest(p_step_run) with ordinality s (run, ord);
  end if;

  -- 3, then the rules, then the chain
  for e in
    select d.*, encode(sha256(substring(p_payloads from d.start + 1 for d.length)), 'hex') as digest,
      s.seq as stored_seq, encode(s.event_hash, 'hex') as stored_hash,
      s.event_type = d.event_type and s.payload_sha256 = sha256(substring(p_payloads from d.start + 1 for d.length)) as same
    from unnest(p_event_step, p_event_type, p_event_key, p_event_start, p_event_length)
      with ordinality d (step, event_type, key, start, length, ord)
    left join lateral (
      select * from runtime.run_events s
      where s.run_id || ' ' || s.idempotency_key = run_ids[p_step_run[d.step]] || ' ' || d.key
        and s.idempotency_key is not null
      limit 1
    ) s on true
    order by d.ord
  loop
    if e.step is distinct from current_step then
      current_step := e.step;
      k := p_step_run[e.step];
      before_seq := run_heads[k];
      before_hash := run_hash[k];
      fresh := false;
      refused := nullif(outcomes[e.step], '');
    end if;
    if refused is null and e.same then
      seqs[e.ord] := e.stored_seq;
      event_hash[e.ord] := e.stored_hash;
      replayed := replayed || e.ord::int4;
      continue;
    end if;
    if refused is null then
      refused := case
        when e.stored_seq is not null then 'idempotency_conflict'
        when run_closed[k] then 'run_closed'
        when not fresh and p_step_expected[e.step] <> before_seq then 'sequence_conflict'
      end;
      -- 2
      if refused is not null then
        outcomes := coalesce(outcomes, array_fill(''::text, array[cardinality(p_step_run)]));
        refused_heads := coalesce(refused_heads, array_fill(0::int8, array[cardinality(p_step_run)]));
        outcomes[e.step] := refused;
        refused_heads[e.step] := before_seq;
        run_heads[k] := before_seq;
        run_hash[k] := before_hash;
        -- A run that was closed before refuses the first fresh event.
        run_closed[k] := run_closed[k] and not fresh;
        fresh_steps := array_remove(fresh_steps, e.step);
      end if;
    end if;
    if refused is not null then
      seqs[e.ord] := 0;
      event_hash[e.ord] := repeat('0', 64);
      continue;
    end if;
    run_heads[k] := run_heads[k] + 1;
    run_hash[k] := encode(sha256(convert_to(
      '{"event_type":"' || e.event_type || '","payload_hash":"sha256:' || e.digest
      || '","prev_hash":"sha256:' || run_hash[k] || '","run_id":"' || run_ids[k]
      || '","seq":' || run_heads[k] || '}', 'UTF8')), 'hex');
    seqs[e.ord] := run_heads[k];
    event_hash[e.ord] := run_hash[k];
    event_digest[e.ord] := e.digest;
    if not fresh then
      fresh := true;
      fresh_steps := fresh_steps || e.step;
    end if;
    if e.event_type = 'run.finished' then
      run_closed[k] := true;
    end if;
  end loop;

  if fresh_steps <> '{}' then
    with appended as (
      insert into runtime.run_events
        (run_id, seq, event_type, payload, payload_sha256, event_hash, idempotency_key, sanitized, recorded_at)
      select run_ids[p_step_run[d.step]], d.seq, d.event_type,
        substring(p_payloads from d.start + 1 for d.length), decode(d.digest, 'hex'), decode(d.hash, 'hex'), d.key,
        d.ord = any (p_sanitized), recorded
      from unnest(p_event_step, p_event_type, p_event_key, p_event_start, p_event_length, seqs, event_digest, event_hash)
        with ordinality d (step, event_type, key, start, length, seq, digest, hash, ord)
      where d.digest is not null and coalesce(outcomes[d.step], '') = ''
    )
    update runtime.runs u
    set latest_seq = run_heads[array_position(run_ids, u.run_id)],
      last_event_hash = decode(run_hash[array_position(run_ids, u.run_id)], 'hex'),
      updated_at = greatest(u.updated_at, recorded),
      trajectory_hash = case when run_closed[array_position(run_ids, u.run_id)]
        then decode(run_hash[array_position(run_ids, u.run_id)], 'hex') end,
      terminal_at = case when run_closed[array_position(run_ids, u.run_id)] then recorded end
    where u.run_id = any (run_ids) and u.latest_seq < run_heads[array_position(run_ids, u.run_id)];
  end if;

  if p_patches <> '{}' then
    select array_agg(run_ids[p_step_run[s.step]] order by s.step) into run_shown
    from (select p.key::int4 as step, p.value as change from jsonb_each(p_patches) p) s
    where coalesce(outcomes[s.step], '') = ''
      -- A replayed step changed what it changes when it was first applied.
      and (s.step = any (fresh_steps) or s.step <> all (p_event_step))
      and runtime.patch_run(run_ids[p_step_run[s.step]], s.change, recorded);
  end if;
  if 0 = any (run_before) then
    -- run.created is the first state that anyone sees.
    run_shown := run_shown || array(
      select s.run_id from unnest(run_ids, run_before, run_heads) s (run_id, before, head)
      where s.before = 0 and s.head > 0);
  end if;
  if run_shown <> '{}' then
    select jsonb_object_agg(p.run_id, p.positions) into summaries
    from (
      select q.run_id, jsonb_agg(jsonb_build_object(
        'topic', q.topic, 'topic_id', q.topic_id::text, 'seq', q.seq::text) order by q.topic) as positions
      from runtime.journal_publish_summaries(run_shown) q
      group by q.run_id
    ) p;
  end if;
  hashes := array_to_string(event_hash, '');
end $$;
