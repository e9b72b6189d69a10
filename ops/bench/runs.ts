import { measureGrowth } from './growth.ts';
import type { Measure } from './measure.ts';
import { measureBesideSpine } from './runs/beside-spine.ts';
import { inSections } from './sections.ts';

/** The measures of runs that survive: what they cost, and how soon they go on. */
export default function runs(): Promise<Measure[]> {
  return inSections(async (section) => {
    await section('spine', measureBesideSpine);
    await section('growth', measureGrowth);
  });
}
