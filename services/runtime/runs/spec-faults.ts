import type { FieldFault } from '#proto/errors.ts';
import type { HarnessSpec, RunSpec } from '#proto/gen/types.ts';
import { holdsSecret } from '../without-secrets.ts';

/** What the schema cannot say about a spec: which parts a kind of work needs. */
export function specFaults(spec: RunSpec): FieldFault[] {
  const faults: FieldFault[] = [];
  const needs = (path: string, present: boolean, why: string) => {
    if (!present) faults.push({ path: `$.spec.${path}`, reason: `is required ${why}` });
  };
  const works = spec.work_unit === 'verified_patch_bundle' || spec.work_unit === 'sandbox_run';
  needs('repo', !works || spec.repo !== undefined, `for a ${spec.work_unit}`);
  if (spec.work_unit === 'verified_patch_bundle') {
    needs(
      'verification.harness',
      spec.verification?.harness !== undefined,
      'for a verified_patch_bundle: without a harness nothing is verified',
    );
  }
  if (spec.agent?.driver === 'command') {
    needs('agent.command', spec.agent.command.length > 0, 'for the driver command');
  }
  if (spec.verification?.harness && !spec.repo) {
    needs('repo', false, 'where a harness is to run');
  }
  if (spec.verification?.harness) faults.push(...secretFaults(spec.verification.harness));
  return faults;
}

/** A harness is run as it was given or not at all: without its secret it would judge something else. */
function secretFaults({ commands, setup, env }: HarnessSpec): FieldFault[] {
  const lines = (at: string, texts: readonly string[]) =>
    texts.map((text, index) => ({ at: `${at}[${index}]`, text, name: '' }));
  const parts = [
    ...lines('commands', commands),
    ...lines('setup.commands', setup?.commands ?? []),
    ...Object.entries(env).map(([name, text]) => ({ at: `env.${name}`, text, name })),
  ];
  return parts
    .filter(({ text, name }) => holdsSecret(text, name))
    .map(({ at }) => ({
      path: `$.spec.verification.harness.${at}`,
      reason: 'looks like a secret; a harness is given none',
    }));
}
