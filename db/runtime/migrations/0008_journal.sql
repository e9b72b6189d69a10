-- The only writers of events. Numbered as in db/runtime/journal.ts:
-- 1. Locks are taken in one order, runs before topics and each by its text in "C", so that two batches never deadlock.
-- 2. A step is whole or nothing; a refused step leaves the others of its batch untouched and answers why.
-- 3. Idempotency is looked up before any rule of state.
-- 4. seq, chain, run row, summaries and topic heads move in one statement: whoever sees n sees 1..n.

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
language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
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

-- The hot path: a batch of steps, one round trip, one commit.
-- p_run_ids: the distinct runs; p_step_run, p_step_expected: per step, its run (index) and the head it expects or null.
-- p_patches: {"<step>": RunPatch}. The event arrays are in step order; p_sanitized: the events (index) that were changed
-- before they came here; payloads stand in one value.
-- Answers one row for the batch: outcome and head per step, topic per run, seq and hash (64 hex digits each) per event,
-- the events (index) that were known, and per run id the positions of its summaries.
create function runtime.journal_append(
  p_run_ids text[], p_step_run int4[], p_step_expected int8[], p_patches jsonb,
  p_event_step int4[], p_event_type text[], p_event_key text[], p_sanitized int4[],
  p_event_start int4[], p_event_length int4[], p_payloads bytea
) returns table (
  outcomes text[], heads int8[], run_topics int8[], seqs int8[], hashes text, replayed int4[], summaries jsonb
)
language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  run_ids text[] := p_run_ids;
  run_count int4 := cardinality(p_run_ids);
  step_count int4 := cardinality(p_step_run);
  event_count int4 := cardinality(p_event_step);
  run_topic int8[] := array_fill(0::int8, array[run_count]);
  run_seq int8[] := array_fill(null::int8, array[run_count]);
  run_hash text[] := array_fill(null::text, array[run_count]);
  run_closed boolean[] := array_fill(false, array[run_count]);
  run_before int8[] := array_fill(0::int8, array[run_count]);
  run_grew boolean[] := array_fill(false, array[run_count]);
  run_shown boolean[] := array_fill(false, array[run_count]);
  step_outcome text[] := array_fill('ok'::text, array[step_count]);
  step_head int8[] := array_fill(null::int8, array[step_count]);
  step_fresh int4[] := array_fill(0, array[step_count]);
  event_seq int8[] := array_fill(0::int8, array[event_count]);
  event_hash text[] := array_fill(repeat('0', 64), array[event_count]);
  event_digest text[] := array_fill(null::text, array[event_count]);
  event_replayed int4[] := '{}';
  recorded timestamptz(3);
  current_step int4 := 0;
  before_seq int8;
  before_hash text;
  r record;
  e record;
  k int4;
  change jsonb;
  shown_before runtime.runs;
  shown_after runtime.runs;
  published jsonb := '{}';
begin
  -- 1
  for r in
    select o.ord::int4 as ord, u.topic_id, u.latest_seq, encode(u.last_event_hash, 'hex') as hash,
      u.trajectory_hash is not null as closed
    from unnest(p_run_ids) with ordinality o (run_id, ord)
    join runtime.runs u on u.run_id = o.run_id
    order by u.run_id collate "C"
    for update of u
  loop
    run_topic[r.ord] := r.topic_id;
    run_before[r.ord] := r.latest_seq;
    run_seq[r.ord] := r.latest_seq;
    run_hash[r.ord] := r.hash;
    run_closed[r.ord] := r.closed;
  end loop;
  recorded := date_trunc('milliseconds', clock_timestamp());
  for i in 1..step_count loop
    k := p_step_run[i];
    if run_seq[k] is null then
      step_outcome[i] := 'not_found';
    end if;
  end loop;

  -- 3, then the rules, then the chain
  for e in
    select d.*, encode(sha256(substring(p_payloads from d.start + 1 for d.length)), 'hex') as digest,
      s.seq as stored_seq, encode(s.event_hash, 'hex') as stored_hash, s.event_type as stored_type,
      encode(s.payload_sha256, 'hex') as stored_digest
    from unnest(p_event_step, p_event_type, p_event_key, p_event_start, p_event_length)
      with ordinality d (step, event_type, key, start, length, ord)
    left join runtime.run_events s
      on s.run_id = run_ids[p_step_run[d.step]] and s.idempotency_key = d.key
    order by d.ord
  loop
    k := p_step_run[e.step];
    if e.step <> current_step then
      current_step := e.step;
      before_seq := run_seq[k];
      before_hash := run_hash[k];
    end if;
    continue when step_outcome[e.step] <> 'ok';
    if e.stored_seq is not null then
      if e.stored_digest <> e.digest or e.stored_type <> e.event_type then
        step_outcome[e.step] := 'idempotency_conflict';
      else
        event_seq[e.ord] := e.stored_seq;
        event_hash[e.ord] := e.stored_hash;
        event_replayed := event_replayed || e.ord::int4;
      end if;
    elsif run_closed[k] then
      step_outcome[e.step] := 'run_closed';
    elsif step_fresh[e.step] = 0 and p_step_expected[e.step] <> run_seq[k] then
      step_outcome[e.step] := 'sequence_conflict';
    else
      run_seq[k] := run_seq[k] + 1;
      run_hash[k] := encode(sha256(convert_to(
        '{"event_type":"' || e.event_type || '","payload_hash":"sha256:' || e.digest
        || '","prev_hash":"sha256:' || run_hash[k] || '","run_id":"' || run_ids[k]
        || '","seq":' || run_seq[k] || '}', 'UTF8')), 'hex');
      run_closed[k] := e.event_type = 'run.finished';
      step_fresh[e.step] := step_fresh[e.step] + 1;
      event_seq[e.ord] := run_seq[k];
      event_hash[e.ord] := run_hash[k];
      event_digest[e.ord] := e.digest;
    end if;
    -- 2
    if step_outcome[e.step] <> 'ok' then
      if step_fresh[e.step] > 0 then
        -- It was open when the step began, for a closed run refuses the first fresh event.
        run_closed[k] := false;
      end if;
      step_head[e.step] := before_seq;
      run_seq[k] := before_seq;
      run_hash[k] := before_hash;
      step_fresh[e.step] := 0;
    end if;
  end loop;

  insert into runtime.run_events
    (run_id, seq, event_type, payload, payload_sha256, event_hash, idempotency_key, sanitized, recorded_at)
  select run_ids[p_step_run[d.step]], d.seq, d.event_type, substring(p_payloads from d.start + 1 for d.length),
    decode(d.digest, 'hex'), decode(d.hash, 'hex'), d.key, d.ord = any (p_sanitized), recorded
  from unnest(p_event_step, p_event_type, p_event_key, p_event_start, p_event_length, event_seq, event_digest, event_hash)
    with ordinality d (step, event_type, key, start, length, seq, digest, hash, ord)
  where d.digest is not null and step_outcome[d.step] = 'ok';

  for i in 1..step_count loop
    k := p_step_run[i];
    if step_fresh[i] > 0 then
      run_grew[k] := true;
      -- run.created is the first state that anyone sees.
      run_shown[k] := run_before[k] = 0;
    end if;
  end loop;
  update runtime.runs u
  set latest_seq = s.seq, last_event_hash = decode(s.hash, 'hex'), updated_at = greatest(u.updated_at, recorded),
    trajectory_hash = case when s.closed then decode(s.hash, 'hex') else u.trajectory_hash end,
    terminal_at = case when s.closed then recorded else u.terminal_at end
  from unnest(run_ids, run_seq, run_hash, run_closed, run_grew) s (run_id, seq, hash, closed, grew)
  where u.run_id = s.run_id and s.grew;

  -- A replayed step changed what it changes when it was first applied.
  for r in
    select p.key::int4 as step, p.value as change from jsonb_each(p_patches) p order by p.key::int4
  loop
    k := p_step_run[r.step];
    continue when step_outcome[r.step] <> 'ok'
      or (step_fresh[r.step] = 0 and r.step = any (p_event_step));
    change := r.change;
    select * into shown_before from runtime.runs u where u.run_id = run_ids[k];
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
      started_at = case when change ->> 'status' = 'running' then coalesce(u.started_at, recorded) else u.started_at end,
      updated_at = greatest(u.updated_at, recorded)
    where u.run_id = run_ids[k]
    returning * into shown_after;
    run_shown[k] := run_shown[k]
      or (shown_before.status, shown_before.phase, shown_before.worker_id, shown_before.verdict,
          shown_before.receipt_id, shown_before.terminal_reason_class, shown_before.terminal_reason)
        is distinct from (shown_after.status, shown_after.phase, shown_after.worker_id, shown_after.verdict,
          shown_after.receipt_id, shown_after.terminal_reason_class, shown_after.terminal_reason);
  end loop;

  if true = any (run_shown) then
    select coalesce(jsonb_object_agg(p.run_id, p.positions), '{}') into published
    from (
      select q.run_id, jsonb_agg(jsonb_build_object(
        'topic', q.topic, 'topic_id', q.topic_id::text, 'seq', q.seq::text) order by q.topic) as positions
      from runtime.journal_publish_summaries(
        array(select s.run_id from unnest(run_ids, run_shown) s (run_id, shown) where s.shown)) q
      group by q.run_id
    ) p;
  end if;

  for i in 1..step_count loop
    step_head[i] := coalesce(step_head[i], run_seq[p_step_run[i]], 0);
  end loop;
  outcomes := step_outcome;
  heads := step_head;
  run_topics := run_topic;
  seqs := event_seq;
  hashes := array_to_string(event_hash, '');
  replayed := event_replayed;
  summaries := published;
  return next;
end $$;
