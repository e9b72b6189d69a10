import postgres from 'postgres';
import { ARRAY_TYPES } from './array-types.ts';
import { watchedSocket } from './watched-socket.ts';

/** int8 is `bigint`, bytea a `Buffer`, timestamptz a `Date`, jsonb parsed JSON, and arrays those of `array-types.ts`. */
export type Sql = postgres.Sql<{ bigint: bigint }>;

export interface ConnectOptions {
  url: string;
  /** Connections of the pool. Default 8: more than two cores can keep busy, far below the server's 100. */
  max?: number;
  /** Shown in `pg_stat_activity`. */
  applicationName: string;
  /** Server settings of the sessions, as `SET` spells them. */
  settings?: Readonly<Record<string, string>>;
  /** Acts as this role, which the login role must be a member of. */
  role?: string;
  /** A connection on which nothing came or went for so long is ended. Default: longer than a statement may take. */
  silenceMsMax?: number;
}

const POOL_SIZE = 8;

/** No statement of ours is slow by design; what lasts longer is stuck, and holds locks that others wait for. */
const STATEMENT_TIMEOUT_MS = 30_000;
/** A transaction waits for our own code only between two statements. */
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_S = 10;
/** The server answers a statement before; what is silent for longer is idle, or its line is dead. */
const SILENCE_MS_MAX = STATEMENT_TIMEOUT_MS + 15_000;

/** A lazy pool: it connects with the first query. End it with `sql.end()`. */
export function connect(options: ConnectOptions): Sql {
  return postgres(options.url, {
    ...socketOf(options),
    max: options.max ?? POOL_SIZE,
    connect_timeout: CONNECT_TIMEOUT_S,
    fetch_types: false,
    types: { bigint: postgres.BigInt, ...ARRAY_TYPES },
    onnotice: () => {},
    connection: {
      application_name: options.applicationName,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
      ...options.settings,
      ...(options.role === undefined ? {} : { role: options.role }),
    },
  });
}

/** The driver's types do not know the option, its documentation does. */
function socketOf({ settings, silenceMsMax = SILENCE_MS_MAX }: ConnectOptions): object {
  // Whoever lets statements take longer waits for them.
  if (settings?.['statement_timeout'] !== undefined) return {};
  return {
    socket: (address: Parameters<typeof watchedSocket>[0]) => watchedSocket(address, silenceMsMax),
  };
}

/** An idle writer gives its connection back; the next append pays one connect. */
const SINGLE_IDLE_S = 60;

/**
 * A pool of one to the same database: for statements that follow each other, so that they meet a connection whose plans
 * and caches are warm. End it with `sql.end()`.
 */
export function singleConnection(sql: Sql): Sql {
  // postgres.js takes its own parsed options back, as its `listen` does; its types know only the unparsed form.
  const options = { ...sql.options, max: 1, idle_timeout: SINGLE_IDLE_S } as unknown;
  return postgres(options as postgres.Options<{ bigint: postgres.PostgresType<bigint> }>);
}
