-- A session remembers the organisation it was in, also after its person has left it: only the organisation must exist.

alter table control.sessions
  drop constraint sessions_user_id_active_org_id_fkey,
  add constraint sessions_active_org_id_fkey foreign key (active_org_id) references control.orgs;
