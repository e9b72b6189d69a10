import type { Step } from './scene.ts';

/** One row of the table. */
export interface Case {
  name: string;
  /** Where docs/khala.md says it. */
  rule: string;
  /** What it needs beside an address; an authority unless said otherwise. */
  needs?: 'nothing' | 'spareNode';
  steps: (Step | Step[])[];
}

/** Rows that need no more than an address. */
export function bare(cases: readonly Omit<Case, 'needs'>[]): Case[] {
  return cases.map((each) => ({ ...each, needs: 'nothing' }));
}
