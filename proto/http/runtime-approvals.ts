import { APPROVAL_STATE_TEXTS } from '../gen/types.ts';
import { COMMAND, PAGE, READ } from './presets.ts';
import type { Route } from './routes.ts';

const APPROVAL_READ = { ...READ, auth: 'access_or_internal', scope: 'runtime.read' } as const;
const APPROVAL_COMMAND = {
  ...COMMAND,
  auth: 'access_or_internal',
  scope: 'runtime.write',
} as const;

const APPROVAL_PAGE = {
  ...PAGE,
  state: {
    kind: 'choice',
    description: 'Only approvals in this state',
    values: APPROVAL_STATE_TEXTS,
  },
} as const;

export const APPROVAL_ROUTES = [
  {
    ...APPROVAL_READ,
    name: 'runtime.approval.list',
    summary: 'Approvals of all runs that the caller may see, newest first',
    path: '/v1/approvals',
    response: 'openagents.runtime.v1.ListApprovalsResponse',
    query: APPROVAL_PAGE,
  },
  {
    ...APPROVAL_READ,
    name: 'runtime.run.approval.list',
    summary: 'Approvals of a run, newest first',
    path: '/v1/runs/:run_id/approvals',
    response: 'openagents.runtime.v1.ListApprovalsResponse',
    query: APPROVAL_PAGE,
  },
  {
    ...APPROVAL_COMMAND,
    name: 'runtime.run.approval.request',
    summary: 'Ask for approval on behalf of the agent whose turn is under way',
    path: '/v1/runs/:run_id/approvals',
    request: 'openagents.runtime.v1.RequestApprovalRequest',
    response: 'openagents.runtime.v1.RequestApprovalResponse',
  },
  {
    ...APPROVAL_COMMAND,
    name: 'runtime.run.approval.resolve',
    summary: 'Answer an approval that a run waits for',
    path: '/v1/runs/:run_id/approvals/:approval_id',
    request: 'openagents.runtime.v1.ResolveApprovalRequest',
    response: 'openagents.runtime.v1.ResolveApprovalResponse',
  },
] as const satisfies readonly Route[];
