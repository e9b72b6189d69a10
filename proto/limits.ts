/** Limits of the API that callers meet. Each stands in docs/limits.md. */

const KIB = 1_024;
const MIB = 1_024 * KIB;

/** A batch of events is at most this, and no other JSON body needs more. */
export const BODY_BYTES_MAX = MIB;

/** Small commands (cancel, heartbeat, stop): room for every field at its own maximum, and no more. */
export const COMMAND_BYTES_MAX = 64 * KIB;

/** What the Temporal UI asks to have decoded at once: a page of a history, whose payloads are 2 MiB each at most. */
export const CODEC_BYTES_MAX = 8 * MIB;

/** Git bundles of large repositories are the largest artifacts; they are streamed, never held. */
export const ARTIFACT_BYTES_MAX = 512 * MIB;

export const PAGE_SIZE_DEFAULT = 50;
/** A page of 200 runs is about 400 KiB. */
export const PAGE_SIZE_MAX = 200;

export const EVENT_PAGE_SIZE_DEFAULT = 200;
/** 1,000 events of the mean size (below 1 KiB) fill about a MiB. */
export const EVENT_PAGE_SIZE_MAX = 1_000;

/** How long a call may wait for a worker's receipt: below the idle timeout of common proxies (60 s). */
export const REQUEST_WAIT_MS_MAX = 55_000;
