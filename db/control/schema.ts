/** Every table of the control plane, for typed queries and the drift gate. */
export * from './schema/guards.ts';
export * from './schema/identity.ts';
export * from './schema/sessions.ts';
