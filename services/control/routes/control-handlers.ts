import type { Tx } from '#db/transaction.ts';
import type { CONTROL_OWN_ROUTES } from '#proto/http/control.ts';
import type { Handlers } from '../../shared/http/handler.ts';

/** One handler for each row of control's own table. */
export type ControlHandlers = Handlers<typeof CONTROL_OWN_ROUTES, Tx>;
