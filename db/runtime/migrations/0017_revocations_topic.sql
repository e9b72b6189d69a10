-- Every node follows it from its start: with the row there from the beginning, the first revocation ever is told by a
-- hint like any other, and is not found by looking.
insert into runtime.sync_topics (topic, class) values ('system:revocations', 'system') on conflict (topic) do nothing;
