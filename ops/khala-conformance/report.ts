import type { Case } from './case.ts';
import type { Played } from './play.ts';

/** The table as a person reads it: name, rule, and the steps with what is expected of each. */
export function tableOf(cases: readonly Case[]): string {
  return cases
    .map(({ name, rule, needs = 'authority', steps }) => {
      const lines = steps.flat().map(({ says }) => `    ${says}`);
      const needed =
        needs === 'nothing'
          ? ''
          : `, needs ${needs === 'authority' ? 'an authority' : 'a node to shut down'}`;
      return [name, `  ${rule}${needed}`, ...lines].join('\n');
    })
    .join('\n\n');
}

const MARKS = { passed: 'ok      ', failed: 'FAILED  ', 'not run': 'not run ' } as const;

export function lineOf({ case: { name, rule }, outcome, detail, durationMs }: Played): string {
  const line = `${MARKS[outcome]} ${name} [${rule}] ${durationMs.toFixed(0)} ms`;
  return detail ? `${line}\n           ${detail}` : line;
}

export function sumOf(results: readonly Played[]): string {
  const of = (outcome: Played['outcome']) =>
    results.filter((each) => each.outcome === outcome).length;
  return `${of('passed')} passed, ${of('failed')} failed, ${of('not run')} not run`;
}
