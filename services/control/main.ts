import { clockOf } from '../shared/clock.ts';
import { ConfigurationError, loadConfig, refuseToStart } from '../shared/config.ts';
import { createLogger } from '../shared/logger.ts';
import { stopOnSignals } from '../shared/server.ts';
import { controlSettings } from './config.ts';
import { startControl } from './start.ts';

const config = loadConfig(controlSettings, process.env);
const logger = createLogger({
  service: 'control',
  level: config.OA_LOG_LEVEL,
  buildId: config.OA_BUILD_ID,
});

try {
  const clock = clockOf('control', config);
  stopOnSignals(await startControl(config, { now: () => new Date(clock()) }), logger);
} catch (error) {
  if (error instanceof ConfigurationError) refuseToStart(error);
  logger.fatal({ err: error }, 'control cannot start');
  process.exit(1);
}
