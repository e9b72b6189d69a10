import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonValue } from './canonical.ts';
import { MESSAGE_SCHEMAS } from './gen/schemas.ts';
import {
  ContractError,
  type MessageName,
  messageOf,
  readMessage,
  validateMessage,
} from './validate.ts';

const CREATE = 'openagents.runtime.v1.CreateRunRequest';
const spec = {
  objective: 'Make the failing test pass.',
  work_unit: 'agent_task',
  agent: { driver: 'command', command: ['./fix.sh'] },
};

function faultsOf(name: MessageName, value: unknown): string[] {
  const result = validateMessage(name, value);
  return result.ok ? [] : result.faults.map((fault) => `${fault.path} ${fault.reason}`);
}

describe('the strict reader', () => {
  it('fills in the zero values of what was left out, and leaves presence alone', () => {
    const result = validateMessage(CREATE, { spec });
    expect(result).toMatchObject({ ok: true, value: { spec: { thread_id: '', org_id: '' } } });
    expect(result).not.toHaveProperty('value.spec.repo');
  });

  it('names every fault by its path, all at once', () => {
    const faults = faultsOf(CREATE, {
      spec: {
        ...spec,
        objective: '',
        work_unit: 'poem',
        agent: { driver: 'command', command: ['a', 7] },
        budget: { max_msats: 2 ** 53 + 2 },
        verification: { harness: { commands: [], timeout_s: 1.5 } },
        surprise: true,
      },
      more: 1,
    });
    expect(faults).toEqual(
      expect.arrayContaining([
        '$.more is not a known field',
        '$.spec.surprise is not a known field',
        expect.stringMatching(/^\$\.spec\.objective must/),
        '$.spec.work_unit must be one of verified_patch_bundle, sandbox_run, agent_task',
        '$.spec.agent.command[1] must be a string',
        '$.spec.budget.max_msats must be a decimal string in 0..2^64-1',
        expect.stringMatching(/^\$\.spec\.verification\.harness\.commands must/),
        '$.spec.verification.harness.timeout_s must be an integer',
      ]),
    );
  });

  it.each([
    ['a body that is a list', [], '$ must be an object'],
    ['a body that is null', null, '$ must be an object'],
    ['a missing field', {}, '$.spec is required'],
    ['null for a field', { spec: null }, '$.spec must be an object'],
  ])('refuses %s', (_, value, fault) => {
    expect(faultsOf(CREATE, value)).toContain(fault);
  });

  it.each(['18446744073709551616', '-1', '01', '1.0', '', 5, 2 ** 53])(
    'refuses %j as a 64-bit integer',
    (max_msats) => {
      expect(faultsOf(CREATE, { spec: { ...spec, budget: { max_msats } } })).toEqual([
        expect.stringMatching(/^\$\.spec\.budget\.max_msats must be a decimal string/),
      ]);
    },
  );

  it('takes the largest 64-bit integer as it is', () => {
    const budget = { max_msats: '18446744073709551615' };
    expect(validateMessage(CREATE, { spec: { ...spec, budget } })).toMatchObject({
      ok: true,
      value: { spec: { budget } },
    });
  });

  it('refuses text that no table can hold', () => {
    const nul = faultsOf(CREATE, { spec: { ...spec, objective: 'a\0b' } });
    expect(nul).toEqual(['$.spec.objective holds a NUL character']);
    const surrogate = faultsOf(CREATE, {
      spec: { ...spec, agent: { driver: 'command', command: ['\ud800'] } },
    });
    expect(surrogate).toEqual(['$.spec.agent.command[0] holds a lone surrogate']);
    expect(faultsOf(CREATE, { spec: { ...spec, metadata: { a: ['\0'] } } })).toEqual([
      '$.spec.metadata holds a NUL character',
    ]);
  });

  it('bounds free documents in bytes and in depth', () => {
    const big = { text: 'é'.repeat(8_200) };
    expect(faultsOf(CREATE, { spec: { ...spec, metadata: big } })).toEqual([
      '$.spec.metadata is larger than 16384 bytes',
    ]);
    let deep: JsonValue = 1;
    for (let level = 0; level < 5_000; level += 1) deep = { a: deep };
    expect(faultsOf(CREATE, { spec: { ...spec, metadata: deep } })[0]).toMatch(/nested deeper/);
  });

  it('leaves the payload of an event to the log, which replaces what it cannot store', () => {
    const events = [{ event_type: 'text.delta', payload: { delta: '\0\ud800' } }];
    expect(faultsOf('openagents.runtime.v1.AppendRunEventsRequest', { events })).toEqual([]);
  });

  it('refuses two arms of a choice', () => {
    const both = { session_id: 's', device_id: 'd' };
    expect(faultsOf('openagents.control.v1.SessionRevocationRequest', both)).toEqual([
      '$ may set only one of session_id, device_id, revoke_all_sessions',
    ]);
  });

  it('compiles every schema of the contract', () => {
    for (const name of Object.keys(MESSAGE_SCHEMAS)) {
      expect(() => validateMessage(name as MessageName, {})).not.toThrow();
    }
  });

  it('answers any JSON without an error of its own', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        validateMessage(CREATE, { spec: value });
        validateMessage('openagents.runtime.v1.AppendRunEventsRequest', { events: value });
      }),
    );
  });
});

describe('the lenient reader', () => {
  it('ignores what it does not know, so that an addition breaks no client', () => {
    const run = readMessage('openagents.runtime.v1.Run', {
      run_id: 'r',
      status: 'hibernating',
      invented: { later: true },
      verdict: null,
    });
    expect(run).toMatchObject({ run_id: 'r', status: '', latest_seq: '0' });
    expect(run).not.toHaveProperty('invented');
    expect(run).not.toHaveProperty('verdict');
  });

  it('still refuses a known field of the wrong type, by its path', () => {
    const read = () =>
      readMessage('openagents.runtime.v1.ListRunsResponse', { runs: [{}, { latest_seq: 1.5 }] });
    expect(read).toThrow(ContractError);
    expect(read).toThrow('$.runs[1].latest_seq');
  });

  it('takes an exact number for a 64-bit integer, as ProtoJSON lets it', () => {
    const position = (seq: unknown) => readMessage('openagents.receipts.v1.TopicPosition', { seq });
    expect(position(Number.MAX_SAFE_INTEGER)).toMatchObject({ seq: '9007199254740991' });
    expect(position(-0)).toMatchObject({ seq: '0' });
    for (const seq of [2 ** 53, -1, 0.5, Number.NaN]) {
      expect(() => position(seq)).toThrow(ContractError);
    }
  });

  it('accepts whatever the strict reader has accepted, unchanged', () => {
    const strict = validateMessage(CREATE, { spec: { ...spec, metadata: { n: 1 } } });
    expect(strict.ok && readMessage(CREATE, strict.value)).toEqual(strict.ok && strict.value);
  });

  it('builds a whole message from its parts', () => {
    expect(messageOf('openagents.receipts.v1.TopicPosition', { topic: 't' })).toEqual({
      topic: 't',
      seq: '0',
    });
  });
});
