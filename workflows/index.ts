export { run } from './run/run.ts';
export { verification } from './verification/verification.ts';
