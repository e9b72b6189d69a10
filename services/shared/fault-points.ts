import { armedFaultPoints, type FaultPoints, NO_FAULTS } from '#proto/fault-points.ts';

/** The fault points of a process, as its settings say. */
export function faultPointsOf(
  process: string,
  { OA_FAULT_POINTS_DIR: directory }: { OA_FAULT_POINTS_DIR: string },
): FaultPoints {
  return directory === '' ? NO_FAULTS : armedFaultPoints(directory, process);
}
