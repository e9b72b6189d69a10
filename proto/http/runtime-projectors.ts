import { COMMAND } from './presets.ts';
import type { Route } from './routes.ts';

export const PROJECTOR_ROUTES = [
  {
    ...COMMAND,
    auth: 'access_or_internal',
    scope: 'runtime.write',
    name: 'runtime.projectors.reproject',
    summary:
      'Rebuild read models from the log: of a run or worker of the caller; for an operator (scope `ops.read`) of any, or all',
    path: '/v1/projectors/reproject',
    request: 'openagents.runtime.v1.ReprojectRequest',
    response: 'openagents.runtime.v1.ReprojectResponse',
  },
] as const satisfies readonly Route[];
