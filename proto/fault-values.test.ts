import { expect, it } from 'vitest';
import { validateMessage } from './validate.ts';

const SECRET = 'hunter2-very-secret';

it('a fault names the place and the rule, never the value that was sent', () => {
  const checked = validateMessage('openagents.runtime.v1.CreateRunRequest', {
    spec: {
      objective: [SECRET],
      work_unit: SECRET,
      repo: SECRET,
      agent: { driver: SECRET, command: [{ inner: SECRET }], approval_policy: SECRET },
      limits: { wall_s_max: SECRET, output_bytes_max: SECRET },
      metadata: SECRET,
      verification: { harness: { env: { NAME: [SECRET] }, timeout_s: SECRET } },
    },
  });
  if (checked.ok) throw new Error('this is no run');
  expect(checked.faults.length).toBeGreaterThan(8);
  expect(JSON.stringify(checked.faults)).not.toContain(SECRET);
});
