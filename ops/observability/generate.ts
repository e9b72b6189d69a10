/** `npm run observability:generate`: the files that Prometheus and Grafana read, from the registry of metrics. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dashboardFile } from './dashboard.ts';
import { rulesFile } from './rules.ts';

const directory = import.meta.dirname;
writeFileSync(join(directory, 'khala.rules.yml'), rulesFile());
writeFileSync(join(directory, 'khala.dashboard.json'), dashboardFile());
