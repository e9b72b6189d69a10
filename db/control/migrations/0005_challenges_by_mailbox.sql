-- Wrong codes are counted for a mailbox across its challenges.

create index challenges_by_email on control.challenges (email, created_at);
