/** Every world, in the two halves in which the tests play them. A hundred histories are shared out among them all. */
import type { World } from './world.ts';
import { deskWorld } from './worlds/desk.ts';
import { loopWorld } from './worlds/loop.ts';
import { policyWorld } from './worlds/policy.ts';
import { readerWorld } from './worlds/reader.ts';
import { runWorld } from './worlds/run.ts';
import { spoolWorld } from './worlds/spool.ts';
import { workerWorld } from './worlds/worker.ts';

/** Rules and projections: what the workflows decide and the tables say. */
export const RULE_WORLDS: readonly World[] = [
  runWorld(),
  workerWorld(),
  policyWorld(),
  loopWorld(),
];
/** What clients do between the platform and whoever relies on them. */
export const CLIENT_WORLDS: readonly World[] = [readerWorld(), spoolWorld(), deskWorld()];

export const WORLDS: readonly World[] = [...RULE_WORLDS, ...CLIENT_WORLDS];
