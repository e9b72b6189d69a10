-- Whether anybody still grants an artifact, asked by its collector and by the foreign key of a row that goes.
create index artifact_grants_by_artifact on runtime.artifact_grants (sha256);
