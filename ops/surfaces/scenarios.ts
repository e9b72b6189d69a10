import type { SurfaceName } from './surface.ts';

/** One row of the table: what is done, what must hold on every surface, and where it cannot be done yet or at all. */
export interface Scenario {
  name: string;
  expectation: string;
  /** A surface without a cell, and why. */
  gaps: Partial<Record<SurfaceName, string>>;
}

const BROWSER = 'a page sends no commands yet';
const BROWSER_WATCHES = 'in Chromium against nodes alone, not yet on the stack';
const HOST_IS_TOLD = 'a host is told and does not ask';

/** Revocation joins with control, complete: no surface can be revoked in this build. */
export const SCENARIOS = [
  {
    name: 'log in',
    expectation: 'the services know the person behind it',
    gaps: { browser: BROWSER },
  },
  {
    name: 'start',
    expectation: 'the run begins, its agent works, and it succeeds',
    gaps: { browser: BROWSER },
  },
  {
    name: 'watch',
    expectation: 'each step of the agent is there once, in order',
    gaps: { browser: BROWSER_WATCHES },
  },
  {
    name: 'cut the network',
    expectation: 'the run ends as it would have',
    gaps: { browser: BROWSER_WATCHES },
  },
  {
    name: 'resume',
    expectation: 'each step is there once, in order, those of the time without a network too',
    gaps: { browser: BROWSER_WATCHES },
  },
  {
    name: 'approve',
    expectation: 'the run goes on and the log says who answered',
    gaps: { browser: BROWSER, 'agent host': HOST_IS_TOLD },
  },
  {
    name: 'steer',
    expectation: 'the message is delivered to the agent',
    gaps: { browser: BROWSER, 'agent host': HOST_IS_TOLD },
  },
  {
    name: 'interrupt',
    expectation: 'the turn ends as interrupted and its agent is gone',
    gaps: { browser: BROWSER, 'agent host': HOST_IS_TOLD },
  },
  {
    name: 'cancel',
    expectation: 'the run is canceled and its agent is gone',
    gaps: { browser: BROWSER },
  },
  {
    name: 'upgrade required',
    expectation: 'it says upgrade_required and stops',
    gaps: { browser: BROWSER },
  },
  {
    name: 'revoke',
    expectation: 'it stops, and says that its session was ended',
    gaps: {
      oa: 'revocation of live sessions joins with control, complete',
      'node client': 'as above',
      'agent host': 'as above',
      browser: 'as above',
    },
  },
] as const satisfies readonly Scenario[];

export type ScenarioName = (typeof SCENARIOS)[number]['name'];

export function gapOf(scenario: Scenario, surface: SurfaceName): string | undefined {
  return scenario.gaps[surface];
}
