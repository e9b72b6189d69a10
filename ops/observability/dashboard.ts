/** The Grafana dashboard of Khala: one row per question that an operator asks, in the order of asking. */
import { STALE_REASON_TEXTS } from '#proto/gen/types.ts';
import { quantile, rate, total } from './series.ts';

interface Panel {
  title: string;
  unit: 'short' | 's' | 'Bps' | 'percentunit' | 'ops';
  series: readonly { legend: string; expression: string }[];
}

interface Row {
  title: string;
  panels: readonly Panel[];
}

const ROWS: readonly Row[] = [
  {
    title: 'Who is here',
    panels: [
      {
        title: 'Open sockets',
        unit: 'short',
        series: [
          { legend: 'admitted', expression: total('khala_connections', { state: 'admitted' }) },
          { legend: 'handshake', expression: total('khala_connections', { state: 'handshake' }) },
        ],
      },
      {
        title: 'Handshakes by outcome',
        unit: 'ops',
        series: [
          { legend: '{{outcome}}', expression: rate('khala_connects_total', '5m', {}, 'outcome') },
        ],
      },
      {
        title: 'Closed sockets by cause',
        unit: 'ops',
        series: [
          { legend: '{{cause}}', expression: rate('khala_disconnects_total', '5m', {}, 'cause') },
        ],
      },
      {
        title: 'Joins by outcome',
        unit: 'ops',
        series: [
          { legend: '{{outcome}}', expression: rate('khala_joins_total', '5m', {}, 'outcome') },
        ],
      },
    ],
  },
  {
    title: 'Do they get everything',
    panels: [
      {
        title: 'Events sent',
        unit: 'ops',
        series: [
          {
            legend: '{{topic_class}}',
            expression: rate('khala_events_sent_total', '5m', {}, 'topic_class'),
          },
        ],
      },
      {
        title: 'Bytes sent',
        unit: 'Bps',
        series: [
          {
            legend: '{{topic_class}}',
            expression: rate('khala_bytes_sent_total', '5m', {}, 'topic_class'),
          },
        ],
      },
      {
        title: 'Stale cursors by reason',
        unit: 'ops',
        series: [
          {
            legend: '{{outcome}}',
            expression: rate(
              'khala_cursor_outcomes_total',
              '5m',
              { outcome: STALE_REASON_TEXTS },
              'outcome',
            ),
          },
        ],
      },
      {
        title: 'Behind the head at a subscription, 95 of 100',
        unit: 'short',
        series: [
          {
            legend: '{{topic_class}}',
            expression: quantile(0.95, 'khala_replay_lag_events', '10m', 'topic_class'),
          },
        ],
      },
      {
        title: 'Time to catch up, 95 of 100',
        unit: 's',
        series: [
          {
            legend: '{{topic_class}}',
            expression: quantile(0.95, 'khala_replay_duration_seconds', '10m', 'topic_class'),
          },
        ],
      },
    ],
  },
  {
    title: 'Does the node see the journal',
    panels: [
      {
        title: 'Topics found to have moved, by what told so',
        unit: 'ops',
        series: [{ legend: '{{by}}', expression: rate('khala_wake_ups_total', '5m', {}, 'by') }],
      },
      {
        title: 'Topics of interest',
        unit: 'short',
        series: [{ legend: 'topics', expression: total('khala_topics_of_interest') }],
      },
      {
        title: 'Failed reads and audit batches',
        unit: 'ops',
        series: [
          { legend: 'reads', expression: rate('khala_read_faults_total', '5m') },
          { legend: 'audit', expression: rate('khala_audit_faults_total', '5m') },
        ],
      },
    ],
  },
  {
    title: 'What clients tell',
    panels: [
      {
        title: 'Events by kind',
        unit: 'ops',
        series: [
          {
            legend: '{{event_type}}',
            expression: rate('control_client_telemetry_total', '5m', {}, 'event_type'),
          },
        ],
      },
      {
        title: 'Refused, by build',
        unit: 'ops',
        series: [
          {
            legend: '{{build}}',
            expression: rate(
              'control_client_telemetry_total',
              '5m',
              { event_type: 'auth_failure' },
              'build',
            ),
          },
        ],
      },
    ],
  },
  {
    title: 'Who may come',
    panels: [
      {
        title: 'Sync tokens by outcome',
        unit: 'ops',
        series: [
          {
            legend: '{{outcome}}',
            expression: rate('control_sync_tokens_total', '5m', {}, 'outcome'),
          },
        ],
      },
      {
        title: 'From a revocation to the runtime, 99 of 100',
        unit: 's',
        series: [
          {
            legend: 'told',
            expression: quantile(0.99, 'control_revocations_told_seconds', '10m'),
          },
        ],
      },
    ],
  },
];

const COLUMNS = 24;
const PANEL_HEIGHT = 8;
/** The variable that the page asks the viewer for. */
const DATA_SOURCE_VARIABLE = 'datasource';
const DATA_SOURCE = { type: 'prometheus', uid: `$${DATA_SOURCE_VARIABLE}` };

/** All expressions, for the test that parses them. */
export function dashboardExpressions(): string[] {
  return ROWS.flatMap(({ panels }) =>
    panels.flatMap(({ series }) => series.map(({ expression }) => expression)),
  );
}

/** Grafana's JSON model, to be imported as it is. */
export function dashboardFile(): string {
  let id = 0;
  let y = 0;
  const panels: object[] = [];
  for (const row of ROWS) {
    id += 1;
    panels.push({ id, type: 'row', title: row.title, gridPos: { x: 0, y, w: COLUMNS, h: 1 } });
    y += 1;
    const width = Math.floor(COLUMNS / Math.min(3, row.panels.length));
    for (const [index, panel] of row.panels.entries()) {
      id += 1;
      const perLine = COLUMNS / width;
      const line = Math.floor(index / perLine);
      const gridPos = { x: (index % perLine) * width, y: y + line * PANEL_HEIGHT };
      panels.push(panelOf(id, panel, { ...gridPos, w: width, h: PANEL_HEIGHT }));
    }
    y += Math.ceil(row.panels.length / (COLUMNS / width)) * PANEL_HEIGHT;
  }
  const dashboard = {
    uid: 'openagents-khala',
    title: 'OpenAgents Khala',
    tags: ['openagents'],
    schemaVersion: 39,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    templating: {
      list: [
        {
          name: DATA_SOURCE_VARIABLE,
          type: 'datasource',
          query: 'prometheus',
          label: 'Data source',
        },
      ],
    },
    panels,
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

function panelOf(id: number, { title, unit, series }: Panel, gridPos: object): object {
  return {
    id,
    type: 'timeseries',
    title,
    datasource: DATA_SOURCE,
    gridPos,
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: series.map(({ legend, expression }, index) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + index),
      datasource: DATA_SOURCE,
      expr: expression,
      legendFormat: legend,
    })),
  };
}
