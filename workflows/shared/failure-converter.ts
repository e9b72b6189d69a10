/** Where payloads are encrypted, the message and the stack of a failure are one as well. Loaded by its path. */
import { DefaultFailureConverter } from '@temporalio/common';

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
