import { measureGrowth } from './growth.ts';
import type { Measure } from './measure.ts';
import { measureApprovals } from './runs/approvals.ts';
import { measureBesideSpine } from './runs/beside-spine.ts';
import { measureCodex } from './runs/codex.ts';
import { measureFleet } from './runs/fleet.ts';
import { measureHistories } from './runs/histories.ts';
import { measureRecovery } from './runs/recovery.ts';
import { measureReplayMemory } from './runs/replay-memory.ts';
import { inSections } from './sections.ts';

/** The measures of runs that survive: what they cost, and how soon they go on. */
export default function runs(): Promise<Measure[]> {
  return inSections(async (section) => {
    await section('spine', measureBesideSpine);
    await section('recovery', measureRecovery);
    await section('approvals', measureApprovals);
    await section('codex', measureCodex);
    await section('fleet', measureFleet);
    await section('histories', measureHistories);
    await section('replay', measureReplayMemory);
    await section('growth', measureGrowth);
  });
}
