/** Every table of the runtime plane, for typed queries and the drift gate (`db/drift.ts`). */
export * from './schema/commands.ts';
export * from './schema/conversations.ts';
export * from './schema/evidence.ts';
export * from './schema/runs.ts';
export * from './schema/sync.ts';
export * from './schema/workers.ts';
