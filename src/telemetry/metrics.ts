// Metrics: one registry a process, `hotplate_` prefix, base units, bounded labels. Counted per
// batch, never per read.
import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client'

/** Cameras that a metric may name: those that send what they must not are few, or all alike. */
const CAMERA_LABELS_MAX = 1_000
const LIST_LABELS_MAX = 1_000

type Counters = <L extends string>(
  name: string,
  help: string,
  labelNames?: readonly L[],
) => Counter<L>

export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter({ name: `hotplate_${name}`, help, labelNames: [...labelNames], registers })
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge({ name: `hotplate_${name}`, help, labelNames: [...labelNames], registers })
  return {
    registry,
    readsReceived: counter('reads_received_total', 'Reads taken from the stream.'),
    readsStored: counter('reads_stored_total', 'Reads written to the store.'),
    readsBacklogged: counter(
      'reads_backlogged_total',
      'Reads put on BACKLOG while the store was behind.',
    ),
    readsRejected: counter('reads_rejected_total', 'Reads refused, by reason.', ['reason']),
    fieldsDropped: counter('reads_fields_dropped_total', 'Invalid optional fields dropped.', [
      'field',
    ]),
    fieldsForbidden: counter(
      'reads_fields_forbidden_total',
      'Fields dropped under policy 401.7, by camera.',
      ['camera'],
    ),
    cameraLabel: boundedLabel(CAMERA_LABELS_MAX),
    clocksSuspect: counter('reads_clock_suspect_total', 'Reads stored under the time of receipt.'),
    ...alertCounters(counter),
    alertDelivery: new Histogram({
      name: 'hotplate_alert_delivery_seconds',
      help: "From the stream's receipt of a read to its alert's live frame on a console.",
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
      registers,
    }),
    consoleGaps: counter(
      'console_gaps_total',
      'Alerts skipped for a slow console and replayed later.',
    ),
    partitionsHeld: gauge('ingest_partitions', 'Partitions that this process pulls.'),
    ingestLag: gauge('ingest_lag_reads', 'Reads on the stream not yet acknowledged.'),
    backlogReads: gauge('backlog_messages', 'Row batches waiting on BACKLOG.'),
    consoles: gauge('consoles', 'Open console streams.'),
    ...listMetrics(gauge),
    retentionHalted: gauge('retention_halted', '1 while retention waits for a person.'),
    partitionsDropped: counter('retention_partitions_dropped_total', 'Day partitions dropped.'),
    engineRestarts: counter('engine_restarts_total', 'Restarts of embedded engines.', ['engine']),
  }
}

type MakeGauge = <L extends string>(
  name: string,
  help: string,
  labelNames?: readonly L[],
) => Gauge<L>

function listMetrics(gauge: MakeGauge) {
  return {
    entries: gauge('hotlist_entries', 'Entries in the index that is matched against.'),
    listFalseAlerts: gauge(
      'list_false_alerts_per_million',
      'Alerts rejected as wrong, per million reads, by list.',
      ['list'],
    ),
    listFalseAlertsBudget: gauge(
      'list_false_alerts_budget_per_million',
      'False alerts that a list may raise per million reads.',
      ['list'],
    ),
    listOverBudget: gauge(
      'list_false_alerts_over_budget',
      '1 while a list raises more false alerts than its budget, with 95 % confidence.',
      ['list'],
    ),
    urgentOverdue: gauge(
      'hotlist_urgent_overdue',
      'Urgent entries that wait too long for a second person.',
    ),
    listAge: gauge('list_age_hours', 'Time since a list was imported, where it has a limit.', [
      'list',
    ]),
    listStale: gauge(
      'list_stale',
      '1 while a list is past the time by which it must be refreshed.',
      ['list'],
    ),
    feedFailures: gauge(
      'hotlist_feed_failures',
      'Times in a row that the file of a list could not be fetched, by list.',
      ['list'],
    ),
    listLabel: boundedLabel(LIST_LABELS_MAX),
  }
}

/** What becomes of the hits of reads. */
function alertCounters(counter: Counters) {
  return {
    alertsRaised: counter('alerts_raised_total', 'Alerts put on the stream.'),
    alertsSuppressed: counter(
      'alerts_suppressed_total',
      'Matches of a passage that had its alert.',
    ),
    alertsNamed: counter(
      'alerts_named_total',
      'Matches that the alert of a more urgent list names.',
    ),
    alertsKeptBack: counter(
      'alerts_kept_back_total',
      "Matches that a list's settings kept from alerting, by list and cause.",
      ['list', 'cause'],
    ),
  }
}

/** The value itself for the first `values_max` of them, `other` for all that come after. */
function boundedLabel(values_max: number): (value: string) => string {
  const known = new Set<string>()
  return (value) => {
    if (known.size < values_max) known.add(value)
    return known.has(value) ? value : 'other'
  }
}

export type Metrics = ReturnType<typeof createMetrics>
