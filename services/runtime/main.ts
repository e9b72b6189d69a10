import { clockOf } from '../shared/clock.ts';
import { ConfigurationError, loadConfig, refuseToStart } from '../shared/config.ts';
import { createLogger } from '../shared/logger.ts';
import { stopOnSignals } from '../shared/server.ts';
import { runtimeSettings } from './config.ts';
import { startRuntime } from './start.ts';

const config = loadConfig(runtimeSettings, process.env);
const logger = createLogger({
  service: 'runtime',
  level: config.OA_LOG_LEVEL,
  buildId: config.OA_BUILD_ID,
});

try {
  stopOnSignals(await startRuntime(config, { now: clockOf('runtime', config) }), logger);
} catch (error) {
  if (error instanceof ConfigurationError) refuseToStart(error);
  logger.fatal({ err: error }, 'the runtime cannot start');
  process.exit(1);
}
