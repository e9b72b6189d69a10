/**
 * Loaded before a server's own code, so that the bench compares what processes hold and not when they last collected.
 * Of the last resort, because any other collection keeps the pages that the young generation grew to.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (how: object) => void;
process.on('SIGUSR2', () => collect({ type: 'major', execution: 'sync', flavor: 'last-resort' }));
