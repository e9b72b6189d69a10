import type { Revoked } from '../authority.ts';
import type { Case } from '../case.ts';
import type { CloseAction } from '../peer/contract.ts';
import {
  admitted,
  challenged,
  closed,
  error,
  helloWithSameToken,
  on,
  open,
} from '../steps/connection.ts';
import { quiet } from '../steps/line.ts';
import {
  follows,
  publish,
  revoke,
  topic,
  topicError,
  topicOfOrganisation,
  updates,
} from '../steps/topics.ts';

const rule = 'Invariant 6';

const endings: [Revoked, CloseAction][] = [
  ['session', 'log in'],
  ['device', 'log in'],
  ['user', 'log in'],
];

export const revocationCases: Case[] = [
  ...endings.map(
    ([what, action]): Case => ({
      name: `a ${what} that is revoked ends every socket of it, and is not let in again`,
      rule,
      steps: [
        topic('a', { events: 1 }),
        ...on('second', admitted()),
        ...admitted(),
        ...follows('a', 1),
        revoke(what),
        error('reauth_required', new RegExp(`${what} revoked`)),
        closed(action),
        ...on('second', error('reauth_required'), closed(action)),
        ...on(
          'third',
          open(),
          challenged,
          helloWithSameToken,
          error('reauth_required'),
          closed(action),
        ),
      ],
    }),
  ),
  {
    name: 'a token that is revoked ends its sockets, another token of its session goes on',
    rule,
    steps: [
      topic('a', { events: 1 }),
      ...on('other', admitted(), follows('a', 1)),
      ...admitted(),
      ...follows('a', 1),
      revoke('token'),
      error('reauth_required', /token revoked/),
      closed('refresh the token'),
      publish('a', 1),
      ...on('other', updates('a', 2, 2)),
    ],
  },
  {
    name: 'a lost membership ends the topics of that organisation and leaves the others',
    rule: 'Invariant 7',
    steps: [
      topic('a', { events: 1 }),
      topicOfOrganisation('b'),
      ...admitted(),
      ...follows('a', 1),
      ...follows('b', 0),
      revoke('membership'),
      topicError('b', 'forbidden_topic', /membership revoked/),
      publish('b', 1),
      publish('a', 1),
      updates('a', 2, 2),
      quiet(100, 'b'),
    ],
  },
];
