import { stringify } from 'yaml';
import { ALERTS, type Alert } from './alerts.ts';

/** Prometheus' rule file: one rule for each level of an alert. */
export function rulesFile(alerts: readonly Alert[] = ALERTS): string {
  const rules = alerts.flatMap((alert) =>
    alert.levels.map(({ severity, above }) => ({
      alert: alert.name,
      expr: `${alert.expression} > ${above}`,
      for: alert.for,
      labels: { severity },
      annotations: {
        summary: `Broken: ${alert.promise}.`,
        description: `{{ $value }} ${alert.unit}, more than ${above} for ${alert.for}.`,
        runbook: `docs/runbooks/${alert.runbook}`,
      },
    })),
  );
  const groups = [{ name: 'openagents', interval: '30s', rules }];
  return `${GENERATED}\n${stringify({ groups }, { lineWidth: 0 })}`;
}

/** The table of docs/observability.md. */
export function promisesTable(alerts: readonly Alert[] = ALERTS): string {
  const rows = alerts.map(({ name, promise, unit, levels, for: held, runbook }) => {
    const bounds = levels.map(({ severity, above }) => `${severity} above ${above}`).join(', ');
    const [file = '', anchor = ''] = runbook.split('#');
    return `| ${promise} | \`${name}\` | ${bounds} (${unit}), for ${held} | [${anchor.replaceAll('-', ' ')}](runbooks/${file}#${anchor}) |`;
  });
  return ['| promise | alert | fires | what to do |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
}

const GENERATED =
  '# Generated from ops/observability/alerts.ts by `npm run observability:generate`.';
