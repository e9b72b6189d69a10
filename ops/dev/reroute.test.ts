import { expect, test } from 'vitest';
import { reroute } from './reroute.ts';

const SETTINGS = {
  TEMPORAL_ADDRESS: '127.0.0.1:7233',
  RUNTIME_DATABASE_URL: 'postgres://oa_runtime:secret@127.0.0.1:5432/postgres',
};

test('a setting that is rerouted keeps all but its address; the others stay', () => {
  const routes = JSON.stringify({
    'worker.TEMPORAL_ADDRESS': '127.0.0.1:1',
    'worker.RUNTIME_DATABASE_URL': '127.0.0.1:2',
    'runtime.TEMPORAL_ADDRESS': '127.0.0.1:3',
  });
  expect(reroute('worker', SETTINGS, routes)).toEqual({
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    RUNTIME_DATABASE_URL: 'postgres://oa_runtime:secret@127.0.0.1:2/postgres',
  });
  expect(reroute('worker', SETTINGS, undefined)).toEqual(SETTINGS);
});
