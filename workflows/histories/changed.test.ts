/** What a contributor is told whose change the runs under way could not follow. */
import { expect, test } from 'vitest';
import { bundleWithChange, COMPATIBLE, INCOMPATIBLE } from '../testing/changed-workflows.ts';
import { builds, readHistories } from '../testing/histories.ts';
import { replayAll } from '../testing/replay.ts';

const BUNDLES_WITHIN_MS = 60_000;

const recorded = builds().flatMap(readHistories);
const runs = recorded.filter(({ workflow_type }) => workflow_type === 'run');

test(
  'a command that no history has breaks every run, each by the name of its history',
  async () => {
    const broken = await replayAll(await bundleWithChange(INCOMPATIBLE), recorded);
    expect([...broken.keys()].sort()).toEqual(runs.map(({ name }) => name).sort());
    for (const { build, name } of runs) {
      const advice = broken.get(name);
      expect(advice).toContain(`workflows/histories/${name}: `);
      expect(advice).toContain(`build ${build}`);
      expect(advice).toContain('Nondeterminism');
      expect(advice).toContain('docs/versioning.md, "When a history does not replay"');
    }
  },
  BUNDLES_WITHIN_MS,
);

test(
  'other words in a summary break nothing',
  async () => {
    const bundle = await bundleWithChange(COMPATIBLE);
    expect(bundle.code).toContain('The next build offers turn');
    expect(await replayAll(bundle, recorded)).toEqual(new Map());
  },
  BUNDLES_WITHIN_MS,
);
