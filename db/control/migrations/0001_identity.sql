-- Who exists: people, their organisations, their devices.

create function control.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;

create table control.users (
  user_id text primary key,
  -- Normalised by the service: trimmed and lower-case.
  email text not null unique check (email = lower(email)),
  name text not null default '',
  -- The id that the identity provider knows this person by; null with the local provider.
  provider_subject text unique,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  deleted_at timestamptz(3)
);

create table control.orgs (
  org_id text primary key,
  slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name text not null,
  -- A personal organisation has exactly one person and cannot be joined or left.
  personal_user_id text unique references control.users,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null
);

create table control.memberships (
  user_id text not null references control.users,
  org_id text not null references control.orgs,
  role text not null check (role in ('owner', 'admin', 'member', 'viewer')),
  default_org boolean not null default false,
  created_at timestamptz(3) not null,
  updated_at timestamptz(3) not null,
  primary key (user_id, org_id)
);
create index memberships_by_org on control.memberships (org_id);
create unique index memberships_one_default on control.memberships (user_id) where default_org;

-- A device id is a client's own word, so it names a device only together with its user.
create table control.devices (
  user_id text not null references control.users,
  device_id text not null check (device_id ~ '^[a-z0-9:._-]{1,160}$'),
  client_id text not null default '',
  platform text not null default '',
  name text not null default '',
  first_seen_at timestamptz(3) not null,
  last_seen_at timestamptz(3) not null,
  primary key (user_id, device_id)
);
