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
  if (spec.verification?.harness) {
    faults.push(
      ...formFaults(spec.verification.harness),
      ...secretFaults(spec.verification.harness),
    );
  }
  return faults;
}

const ENVIRONMENT_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Names of caches that the verifier's configuration maps to directories; never a path. */
const CACHE_NAME = /^[a-z0-9][a-z0-9_-]*$/;

/** What would fail in the verifier, said before anyone works. */
function formFaults({ commands, setup, env, mounts_ro }: HarnessSpec): FieldFault[] {
  const at = '$.spec.verification.harness';
  const empty = (path: string, texts: readonly string[]) =>
    texts.flatMap((text, index) =>
      text.trim() ? [] : [{ path: `${at}.${path}[${index}]`, reason: 'is empty' }],
    );
  return [
    ...empty('commands', commands),
    ...empty('setup.commands', setup?.commands ?? []),
    ...Object.keys(env)
      .filter((name) => !ENVIRONMENT_NAME.test(name))
      .map((name) => ({ path: `${at}.env.${name}`, reason: 'is no name of a variable' })),
    ...mounts_ro.flatMap((name, index) =>
      CACHE_NAME.test(name)
        ? []
        : [{ path: `${at}.mounts_ro[${index}]`, reason: 'is the name of no cache' }],
    ),
  ];
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
