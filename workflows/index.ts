export { run } from './run/run.ts';
export { syncRetention } from './sync/retention.ts';
export { syncSnapshots } from './sync/snapshots.ts';
export { verification } from './verification/verification.ts';
