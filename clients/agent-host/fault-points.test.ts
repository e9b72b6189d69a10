import { expect, test } from 'vitest';
import { NO_FAULTS } from '#proto/fault-points.ts';
import { hostFaultPoints } from './fault-points.ts';

test('a host that nobody tests has no fault points, and production refuses them', () => {
  expect(hostFaultPoints({})).toBe(NO_FAULTS);
  expect(() => hostFaultPoints({ OA_ENV: 'production', OA_FAULT_POINTS_DIR: '/anywhere' })).toThrow(
    'OA_FAULT_POINTS_DIR: production has no such setting',
  );
});
