import {
  armedFaultPoints,
  FAULT_POINTS_SETTING,
  type FaultPoints,
  NO_FAULTS,
} from '#proto/fault-points.ts';
import type { Environment } from '../api/config-home.ts';

/** The fault points of this host; none, unless a test of a development stack arms them. */
export function hostFaultPoints(environment: Environment): FaultPoints {
  const directory = environment[FAULT_POINTS_SETTING];
  if (!directory) return NO_FAULTS;
  if (environment['OA_ENV'] === 'production') {
    throw new Error(`${FAULT_POINTS_SETTING}: production has no such setting`);
  }
  return armedFaultPoints(directory, 'host');
}
