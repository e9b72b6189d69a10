import { describe, expect, test } from 'vitest';
import { questionOf } from './questions.ts';

const at = { workTree: '/work', findItem: () => undefined };
const given = (decision: 'approve' | 'deny', reason = '') => ({
  decision,
  scope: 'once' as const,
  reason,
});

describe('an elicitation of an MCP server', () => {
  const form = {
    threadId: 't',
    turnId: null,
    serverName: 'tickets',
    mode: 'form',
    message: 'Which project?',
    requestedSchema: { type: 'object', properties: { project: { type: 'string' } } },
  };
  const question = questionOf('mcpServer/elicitation/request', form, at);

  test('is shown with its server and what it wants to know', () => {
    expect(question.question).toMatchObject({
      kind: 'tool_input',
      scopes: ['once'],
      subject: { server: 'tickets', message: 'Which project?', schema: form.requestedSchema },
    });
  });

  test('is answered with the fields that whoever approved gave', () => {
    expect(question.answer(given('approve', '{"project":"x"}'))).toEqual({
      action: 'accept',
      content: { project: 'x' },
      _meta: null,
    });
    expect(question.answer(given('approve', 'not json'))).toMatchObject({ content: {} });
    expect(question.answer(given('deny'))).toMatchObject({ action: 'decline', content: null });
    expect(question.refuse()).toMatchObject({ action: 'cancel' });
  });

  test('of a page to visit is accepted without content', () => {
    const page = { ...form, mode: 'url', url: 'https://example.invalid' };
    const asked = questionOf('mcpServer/elicitation/request', page, at);
    expect(asked.question.subject).toMatchObject({ url: 'https://example.invalid' });
    expect(asked.answer(given('approve'))).toMatchObject({ action: 'accept', content: null });
  });
});

describe('a question to the user', () => {
  const ask = (isSecret: boolean) =>
    questionOf(
      'item/tool/requestUserInput',
      {
        threadId: 't',
        turnId: 'u',
        itemId: 'i',
        questions: [
          {
            id: 'q',
            header: 'H',
            question: 'Which?',
            isSecret,
            options: [{ label: 'first', description: '' }],
          },
        ],
      },
      at,
    );

  test('takes the words of whoever approved before the recommendation', () => {
    expect(ask(false).answer(given('approve', 'third'))).toEqual({
      answers: { q: { answers: ['third'] } },
    });
    expect(ask(false).answer(given('approve'))).toEqual({ answers: { q: { answers: ['first'] } } });
  });

  test('for a secret is never answered', () => {
    expect(ask(true).answer(given('approve', 'hunter2'))).toEqual({ answers: {} });
  });
});

test('a question in another form is refused, not guessed at', () => {
  expect(() => questionOf('item/fileChange/requestApproval', { itemId: 7 }, at)).toThrow();
});
