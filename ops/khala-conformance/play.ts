import type { Case } from './case.ts';
import { Scene, type SceneOptions } from './scene.ts';

export interface Played {
  case: Case;
  outcome: 'passed' | 'failed' | 'not run';
  /** Which step failed and how, or what was missing. */
  detail: string;
  durationMs: number;
}

export interface PlayOptions extends SceneOptions {
  /** Cases at one time; each has a device and topics of its own. */
  atOnce: number;
}

/** Plays every case; the results stand in the order of the table. */
export async function playAll(
  cases: readonly Case[],
  options: PlayOptions,
  onPlayed: (played: Played) => void = () => undefined,
): Promise<Played[]> {
  const results: Played[] = [];
  const turns = cases.entries();
  async function lane(): Promise<void> {
    for (const [index, each] of turns) {
      const played = await playCase(each, options, index);
      results[index] = played;
      onPlayed(played);
    }
  }
  await Promise.all(Array.from({ length: options.atOnce }, lane));
  return results;
}

async function playCase(each: Case, options: SceneOptions, index: number): Promise<Played> {
  const missing = missingFor(each, options);
  if (missing) return { case: each, outcome: 'not run', detail: missing, durationMs: 0 };
  const startedAt = performance.now();
  const scene = new Scene(options, index);
  let at = '';
  try {
    for (const step of each.steps.flat()) {
      at = step.says;
      await step.play(scene);
      scene.assertSound();
    }
    return { case: each, outcome: 'passed', detail: '', durationMs: performance.now() - startedAt };
  } catch (fault) {
    const what = fault instanceof Error ? fault.message : String(fault);
    return {
      case: each,
      outcome: 'failed',
      detail: `${at}: ${what}`,
      durationMs: performance.now() - startedAt,
    };
  } finally {
    await scene.end();
  }
}

function missingFor({ needs }: Case, { authority }: SceneOptions): string {
  if (needs === 'nothing') return '';
  if (!authority) return 'needs an authority';
  return needs === 'spareNode' && !authority.spareNode ? 'needs a node to shut down' : '';
}
