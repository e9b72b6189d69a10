-- A start of an agent is told from another by its host's own name for it, which has no order.
alter table runtime.approvals
  alter column generation drop default,
  alter column generation type text using generation::text,
  alter column generation set default '';
