-- A lost membership ends one organisation's topics for one person, and no session.
alter table control.session_revocations
  add column user_id text,
  add column org_id text,
  drop constraint session_revocations_session_ids_check,
  add constraint session_revocations_names_somebody check (
    case when user_id is null
      then cardinality(session_ids) between 1 and 1000 and org_id is null
      else cardinality(session_ids) = 0 and org_id is not null
    end);
