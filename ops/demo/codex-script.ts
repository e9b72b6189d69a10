import {
  inOrder,
  type ModelScript,
} from '#clients/agent-host/drivers/codex/testing/scripted-model.ts';

/** What a model would do with the sample: look, say what it plans, repair, look again. */
export const REPAIR_SCRIPT: ModelScript = inOrder(
  [{ call: 'exec_command', arguments: { cmd: 'node --test 2>&1 | grep -E "^(not ok|ok|✖|✔)"' } }],
  [
    {
      call: 'update_plan',
      arguments: {
        explanation: 'Quantities are ignored in src/basket.js.',
        plan: [
          { step: 'Count each line as often as its quantity says', status: 'in_progress' },
          { step: 'Run the tests', status: 'pending' },
        ],
      },
    },
    {
      custom: 'apply_patch',
      input: [
        '*** Begin Patch',
        '*** Update File: src/basket.js',
        '@@',
        '-  const sum = items.reduce((cents, item) => cents + item.cents, 0);',
        '+  const sum = items.reduce((cents, item) => cents + item.cents * item.quantity, 0);',
        '*** End Patch',
      ].join('\n'),
    },
  ],
  [{ call: 'exec_command', arguments: { cmd: 'node --test 2>&1 | grep -E "^(not ok|ok|✖|✔)"' } }],
  [{ say: 'The total counts each line as often as its quantity says, and the tests pass.' }],
);
