/** Every bound of a node, with its reason. What a client feels also stands in docs/limits.md. */

/** From CHALLENGE to HELLO. A client that needs longer is not talking to us. */
export const HELLO_TIMEOUT_MS = 5_000;
export const HEARTBEAT_INTERVAL_MS = 15_000;
/** Three heartbeats: one lost packet and one slow tick are no death. */
export const DEAD_AFTER_MS = 45_000;

/** The largest client frame is a HELLO whose token grants 256 topics: about 24 KiB. */
export const CLIENT_FRAME_BYTES_MAX = 64 * 1024;
/** Frames of one client that wait while an earlier one is handled; beyond it the socket is not read. */
export const INBOX_FRAMES_MAX = 16;
/** An operator's screen needs three topics and one per open run; a token cannot grant more than this. */
export const TOPICS_PER_CONNECTION_MAX = 256;

/** A device opens a desktop, a terminal and their successors during a reconnect. */
export const SOCKETS_PER_TOKEN_MAX = 4;
/** A socket costs about 30 KiB idle; this many fit beside the node's other memory in 1 GiB. */
export const CONNECTIONS_MAX = 10_000;
/** Signature checks take a core about 0.2 ms each; more at once would only wait longer. */
export const HANDSHAKES_MAX = 500;
/** Of one user on this node: screens, and the hosts of a fleet of agents with their successors. */
export const SOCKETS_PER_USER_MAX = 500;
/** Signature checks for one user in a second, once all its sockets came back at once. */
export const ADMISSIONS_PER_USER_PER_S = 50;
export const USERS_REMEMBERED_MAX = 20_000;
/** Of one address, or one IPv6 network of 64 bits: an office behind one router. */
export const SOCKETS_PER_ADDRESS_MAX = 2_000;
/** Of one address between CHALLENGE and WELCOME: two such addresses leave the node room for others. */
export const HANDSHAKES_PER_ADDRESS_MAX = 200;
/** Upgrades of one address in a second, once a whole office came back at once. */
export const CONNECTS_PER_ADDRESS_PER_S = 100;
export const CONNECTS_PER_ADDRESS_BURST = 2_000;
export const ADDRESSES_REMEMBERED_MAX = 20_000;
/** Frames of one client: heartbeats come every 15 s, a screen that opens sends a few, nobody types this fast. */
export const CLIENT_FRAMES_PER_S = 50;
export const CLIENT_FRAMES_BURST = 250;
/** Topics that the frames of one client name: four times everything it may follow at once, then one per run it opens. */
export const TOPICS_NAMED_PER_S = 64;
export const TOPICS_NAMED_BURST = 1_024;
/** Told to a client that was not admitted. */
export const OVERLOADED_RETRY_MS = 2_000;

/** Bytes that wait for one socket: enough to fill a fast line between two drains, little enough for thousands. */
export const OUTBOX_BYTES_MAX = 256 * 1024;
/** Bytes that wait for all sockets of a node: half a gigabyte of memory beside it is what a node is given. */
export const QUEUED_BYTES_MAX = 256 * 1024 * 1024;
/** A socket may queue this part of what is left of them: the fuller the node, the sooner is a slow reader no longer fed. */
export const OUTBOX_SHARE = 64;
/** Bytes of one connection before the next one has its turn, and of one topic before the next of its connection. */
export const TURN_BYTES = 64 * 1024;
export const TOPIC_TURN_BYTES = 16 * 1024;
/** Bytes of all connections before hints and clients are heard again: a few milliseconds of writing. */
export const ROUND_BYTES_MAX = 2 * 1024 * 1024;
/** Events and bytes of one UPDATE_BATCH. */
export const BATCH_EVENTS_MAX = 128;
export const BATCH_BYTES_MAX = 64 * 1024;
/** A socket whose peer took no byte for this long, while bytes waited for it, is closed as a slow consumer. */
export const STALLED_AFTER_MS = 30_000;

/** One page of a replay. */
export const PAGE_EVENTS_MAX = 256;
export const PAGE_BYTES_MAX = 256 * 1024;
/** Pages that one connection waits for or reads from at a time; its other topics wait for their turn. */
export const PAGES_PER_CONNECTION_MAX = 2;
/** Topics of one query for pages, and such queries at a time: as many as there are connections for them. */
export const PAGES_PER_READ_MAX = 16;
export const REPLAY_READS_MAX = 2;
/** Pages kept for those who come to the same position a little later; a storm's are small, a long replay's are none. */
export const PAGES_KEPT_BYTES_MAX = 4 * 1024 * 1024;
/** Reads of heads for joins that happen at once, one after the other; beyond them joins are gathered for so long. */
export const LOOKUPS_AT_EASE_MAX = 16;
export const LOOKUPS_IN_A_STORM_MS = 150;
/** Topics of one such read: those of eight connections that join all that they may. */
export const TOPICS_PER_LOOKUP_MAX = 2_048;
/** The tail kept per topic, so that readers a little behind the newest event cost no query. */
export const RING_EVENTS_MAX = 256;
export const RING_BYTES_MAX = 256 * 1024;
/** Of all topics together, with the frames made of them; the quietest topic gives way. */
export const RINGS_BYTES_MAX = 128 * 1024 * 1024;
/** Topics in one query for what is new. */
export const DIRTY_TOPICS_MAX = 200;

/** Bounds staleness when every hint is lost. */
export const SAFETY_POLL_MS = 1_000;
/** How often a node looks whether it knows every revocation; the wait for one that no hint told. */
export const REVOCATION_LOOK_MS = 500;
/** Four looks: a node that knows no better admits nobody. */
export const REVOCATION_LAG_MAX_MS = 2_000;
/** A stolen device is listened to no longer than this by a node that cannot tell. Shorter outages leave sockets open. */
export const REVOCATION_BLIND_MS = 10_000;
/** After a failed read: Postgres is restarting, and hammering it does not help. */
export const READ_RETRY_MS = 250;

/** Snapshots being read at once for all readers of the node; one is some megabytes. */
export const SNAPSHOT_READS_MAX = 4;
/** A request's proof is made when it is sent. */
export const PROOF_AGE_S_MAX = 60;
/** Proofs remembered so that none is taken twice: 700 requests a second, about 10 MiB. */
export const PROOFS_KEPT_MAX = 50_000;

/** How long sockets get to move to another node. */
export const DRAIN_WINDOW_MS = 2_000;

/** Audit rows of one insert, and how long the first of them waits for company. */
export const AUDIT_BATCH_ROWS = 200;
export const AUDIT_DELAY_MS = 250;
/** Beyond this allows of one principal are counted together. */
export const AUDIT_SEPARATE_ROWS_MAX = 2_000;
/** Denials are never dropped, so a node that cannot store them stops admitting instead. */
export const AUDIT_PENDING_ROWS_MAX = 20_000;
