import { BODY_BYTES_MAX } from '../limits.ts';
import { COMMAND, PAGE, READ } from './presets.ts';
import type { Route } from './routes.ts';

const THREAD_READ = { ...READ, auth: 'access_or_internal', scope: 'runtime.read' } as const;
const THREAD_COMMAND = { ...COMMAND, auth: 'access_or_internal', scope: 'runtime.write' } as const;

export const THREAD_ROUTES = [
  {
    ...THREAD_COMMAND,
    name: 'runtime.thread.create',
    summary: 'Open a thread',
    path: '/v1/threads',
    request: 'openagents.runtime.v1.CreateThreadRequest',
    response: 'openagents.runtime.v1.ThreadResponse',
    status: 201,
    successStatuses: [201],
  },
  {
    ...THREAD_READ,
    name: 'runtime.thread.list',
    summary: 'Threads of the caller, last message first',
    path: '/v1/threads',
    response: 'openagents.runtime.v1.ListThreadsResponse',
    query: PAGE,
  },
  {
    ...THREAD_READ,
    name: 'runtime.thread.get',
    summary: 'One thread',
    path: '/v1/threads/:thread_id',
    response: 'openagents.runtime.v1.ThreadResponse',
  },
  {
    ...THREAD_READ,
    name: 'runtime.thread.messages.list',
    summary: 'Messages of a thread, in order',
    path: '/v1/threads/:thread_id/messages',
    response: 'openagents.runtime.v1.ListMessagesResponse',
    query: PAGE,
  },
  {
    ...THREAD_COMMAND,
    name: 'runtime.thread.message.post',
    summary: 'Post a message; with a worker bound it becomes a turn of a run',
    path: '/v1/threads/:thread_id/messages',
    request: 'openagents.runtime.v1.PostMessageRequest',
    response: 'openagents.runtime.v1.PostMessageResponse',
    status: 202,
    successStatuses: [202],
    bodyBytesMax: BODY_BYTES_MAX,
  },
  {
    ...THREAD_COMMAND,
    name: 'runtime.thread.fork',
    summary: 'Begin a thread with the messages of another',
    path: '/v1/threads/:thread_id/fork',
    request: 'openagents.runtime.v1.ForkThreadRequest',
    response: 'openagents.runtime.v1.ThreadResponse',
    status: 201,
    successStatuses: [201],
  },
] as const satisfies readonly Route[];
