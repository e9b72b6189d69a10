/** The real binary on days when its model, its login, its disk or the agent itself is not what it should be. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { processesOf } from '../../testing/left-behind.ts';
import { scratch } from '../../testing/repository.ts';
import { payloads, runTurn } from '../../testing/turns.ts';
import { QUESTIONS_PER_TURN_MAX } from './question-desk.ts';
import { answering, codexNeeded, codexTurns } from './testing/codex-turns.ts';
import { inOrder } from './testing/scripted-model.ts';

const LOOK = { call: 'exec_command', arguments: { cmd: 'cat a.txt' } };

describe.skipIf(codexNeeded)(`a model that misbehaves${codexNeeded}`, () => {
  test.each(['garbage', 'cut'] as const)(
    'and answers %s is tried again, then the turn says so and may be tried elsewhere',
    async (fault) => {
      using home = scratch();
      await using turns = await codexTurns(home.path, () => ({
        items: [{ say: 'half a' }],
        fault,
      }));
      const { receipt } = await runTurn(turns.deps, turns.turn());
      expect(receipt.payload).toMatchObject({ code: 'worker_unavailable', retryable: true });
      expect(turns.model.requests.length).toBeGreaterThan(1);
      const errors = payloads(turns.deps.taken, 'agent.error');
      expect(errors.some(({ will_retry }) => will_retry === true)).toBe(true);
      expect(processesOf(home.path)).toEqual([]);
    },
    120_000,
  );

  test('and stops in the middle once goes on', async () => {
    using home = scratch();
    await using turns = await codexTurns(home.path, ({ input }) =>
      turns.model.requests.length < 2
        ? { items: [{ say: 'half' }], fault: 'cut' }
        : { items: [{ say: `whole of ${input.length}` }] },
    );
    expect((await runTurn(turns.deps, turns.turn())).response).toMatchObject({
      status: 'completed',
    });
  });

  test('and refuses has said so, and that is an answer', async () => {
    using home = scratch();
    await using turns = await codexTurns(home.path, inOrder([{ refuse: 'I will not do that.' }]));
    expect((await runTurn(turns.deps, turns.turn())).response).toMatchObject({
      status: 'completed',
      files_changed: 0,
    });
  });

  test('and calls tools for ever is ended from outside, with every call in the log', async () => {
    using home = scratch();
    await using turns = await codexTurns(home.path, () => ({ items: [LOOK] }));
    const stop = new AbortController();
    const running = runTurn(turns.deps, turns.turn(), stop.signal);
    while (turns.model.requests.length < 12) await new Promise((later) => setTimeout(later, 50));
    stop.abort('interrupted');
    expect((await running).response).toMatchObject({ status: 'interrupted' });
    const hashes = payloads(turns.deps.taken, 'tool.call').map(({ params_hash }) => params_hash);
    expect(hashes.length).toBeGreaterThanOrEqual(10);
    expect(new Set(hashes).size).toBe(1);
  });

  test('and answers nothing is ended at the deadline', async () => {
    using home = scratch();
    await using turns = await codexTurns(home.path, () => ({ items: [], fault: 'silence' }));
    const stop = new AbortController();
    setTimeout(() => stop.abort('deadline'), 3_000);
    const { receipt } = await runTurn(turns.deps, turns.turn(), stop.signal);
    expect(receipt.payload).toMatchObject({ code: 'timeout' });
    expect(processesOf(home.path)).toEqual([]);
  });

  test('and asks a thousand times is ended after as many as a person may be asked', async () => {
    using home = scratch();
    const ask = (n: number) => ({
      call: 'exec_command',
      arguments: {
        cmd: `echo ${n} > /oa-${n}`,
        sandbox_permissions: 'require_escalated',
        justification: `Number ${n}?`,
      },
    });
    await using turns = await codexTurns(home.path, ({ index }) => ({
      items: Array.from({ length: 50 }, (_, n) => ask(index * 50 + n)),
    }));
    const no = answering(() => 'deny');
    const { receipt } = await runTurn(turns.deps, turns.turn(), undefined, no);
    expect(receipt.payload).toMatchObject({ code: 'forbidden', retryable: false });
    expect(no.asked).toHaveLength(QUESTIONS_PER_TURN_MAX);
  }, 120_000);
});

describe.skipIf(codexNeeded)(`what Codex needs${codexNeeded}`, () => {
  test('a login that expires in the middle of a turn is named, with what to do', async () => {
    using home = scratch();
    await using turns = await codexTurns(home.path, ({ index }) =>
      index === 0
        ? { items: [LOOK] }
        : { items: [], fault: { status: 401, message: 'Your token has expired.' } },
    );
    const { receipt } = await runTurn(turns.deps, turns.turn());
    expect(receipt.payload).toMatchObject({ code: 'forbidden', retryable: false });
    expect(receipt.payload['message']).toContain('codex login');
    expect(payloads(turns.deps.taken, 'tool.result')).toHaveLength(1);
  });

  test('without any login a turn is refused before anything starts', async () => {
    using home = scratch();
    await using turns = await codexTurns(home.path, inOrder([]), {
      serverUrl: undefined,
      environment: { PATH: process.env['PATH'], HOME: join(home.path, 'person') },
    });
    const { receipt } = await runTurn(turns.deps, turns.turn());
    expect(receipt.payload).toMatchObject({ code: 'invalid_request' });
    expect(receipt.payload['message']).toContain('codex login');
  });

  test.runIf(process.getuid?.() === 0)(
    'a home without space is named, and nothing is left running',
    async () => {
      using home = scratch();
      const small = join(home.path, 'small');
      mkdirSync(small);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small]);
      try {
        await using turns = await codexTurns(home.path, inOrder([{ say: 'hello' }]), {
          homeDirectory: join(small, 'codex'),
        });
        const outcome = await runTurn(turns.deps, turns.turn()).then(
          ({ receipt }) => String(receipt.payload['message']),
          (error: unknown) => String(error),
        );
        expect(outcome).toMatch(/no space|full|No space/i);
        expect(processesOf(join(small, 'codex'))).toEqual([]);
      } finally {
        execFileSync('umount', ['-l', small]);
      }
    },
  );

  test('its home is the owner’s alone, and holds no key', async () => {
    using home = scratch();
    await using turns = await codexTurns(home.path, inOrder([{ say: 'hello' }]));
    await runTurn(turns.deps, turns.turn());
    const mode = execFileSync('stat', ['-c', '%a', turns.homeDirectory], { encoding: 'utf8' });
    expect(mode.trim()).toBe('700');
    const holding = spawnSync('grep', ['-rl', 'sk-of-a-test', turns.homeDirectory]);
    expect(holding.stdout.toString()).toBe('');
    expect(JSON.stringify(turns.deps.taken.events)).not.toContain('sk-of-a-test');
  });

  test('what an agent reads is not the login of the person nor another run', async () => {
    using home = scratch();
    mkdirSync(join(home.path, 'config'));
    await using turns = await codexTurns(
      home.path,
      inOrder(
        [
          {
            call: 'exec_command',
            arguments: { cmd: `ls ${home.path}/config ${home.path}/data/runs; env` },
          },
        ],
        [{ say: 'done' }],
      ),
    );
    const turn = turns.turn({ runId: 'run_2' });
    await runTurn(turns.deps, turn);
    const output = turns.deps.taken.artifacts.output?.toString() ?? '';
    expect(output).not.toContain('sk-of-a-test');
    expect(output).toContain(`OA_REQUEST_ID=${turn.requestId}`);
  });
});
