// The role `keeper`: one leader among all processes, by a lease. Today it runs retention, ends hot
// list entries, fetches lists and counts false alerts; sealing, reports and the expiry of training
// will be jobs of the same leader.
import { randomUUID } from 'node:crypto'
import type { Bus } from '../bus/connection.ts'
import { holdLease } from '../bus/lease.ts'
import type { Config } from '../config/schema.ts'
import { ClearedJob } from '../hotlists/cleared-job.ts'
import { CustomJob } from '../hotlists/custom-job.ts'
import { PastReadsJob } from '../hotlists/past-reads-job.ts'
import { SettingsJob } from '../hotlists/settings-job.ts'
import { openFeedGround } from '../hotlists/sources/feed-ground.ts'
import { FeedJob } from '../hotlists/sources/feed-job.ts'
import { VersionsJob } from '../hotlists/versions-job.ts'
import type { Store } from '../store/client.ts'
import type { Logger } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { openDayKeys } from './day-keys.ts'
import { ImageStore } from './images.ts'
import { type RetentionReport, runRetention } from './retention.ts'
import { TallyJob } from './tally-job.ts'

export interface KeeperOptions {
  config: Config
  bus: Bus
  store: Store
  log: Logger
  metrics: Metrics
}

export interface Keeper {
  stop(): Promise<void>
}

const LEASE_MS = 10_000
/** Approved and not in force, or begun and dead: both are rare, and neither is urgent. */
const VERSIONS_EVERY_S = 60

export async function startKeeper(o: KeeperOptions): Promise<Keeper> {
  const { bus, config, log } = o
  const holder = randomUUID()
  let running: Promise<void> = Promise.resolve()
  let feeds: FeedJob | null = null
  const lease = await holdLease(bus, {
    key: 'keeper',
    holder,
    lease_ms: LEASE_MS,
    log,
    onGained: (signal) => {
      const tally = new TallyJob(o, signal)
      const custom = new CustomJob(o, signal)
      const settings = new SettingsJob(o, signal)
      const fed = new FeedJob({ ...o, open: () => openFeedGround(o) }, signal)
      feeds = fed
      const versions = new VersionsJob(o)
      const cleared = new ClearedJob(o, signal)
      const past = new PastReadsJob(o, signal)
      const every = (seconds: number, job: () => void | Promise<void>) => {
        const turn = () => {
          running = running.then(() => (signal.aborted ? undefined : job()))
        }
        turn()
        const timer = setInterval(turn, seconds * 1_000)
        signal.addEventListener('abort', () => clearInterval(timer))
      }
      every(config.retention.check_every_s, () => keep(o, holder))
      every(config.hotlists.check_every_s, () => custom.run(Date.now()))
      every(config.hotlists.check_every_s, () => settings.run(Date.now()))
      every(config.hotlists.check_every_s, () => fed.turn(Date.now()))
      every(VERSIONS_EVERY_S, () => versions.run())
      every(config.hotlists.check_every_s, () => cleared.run(Date.now()))
      every(config.hotlists.check_every_s, () => past.run(Date.now()))
      every(config.matching.false_alerts_every_s, () => tally.run(Date.now()))
    },
  })
  return {
    async stop() {
      await lease.stop()
      await running
      await feeds?.idle()
    },
  }
}

async function keep(o: KeeperOptions, holder: string): Promise<void> {
  const { bus, store, config, log, metrics } = o
  try {
    const report = await runRetention(
      {
        bus,
        store,
        images: new ImageStore(config.data_dir),
        day_keys: await openDayKeys(bus),
        config: config.retention,
        holder,
      },
      { now_ms: Date.now(), dry_run: false },
    )
    tell(report, log, metrics)
  } catch (error) {
    metrics.retentionHalted.set(1)
    log.error({ err: error }, 'Retention failed.')
  }
}

function tell(report: RetentionReport, log: Logger, metrics: Metrics): void {
  metrics.retentionHalted.set(report.outcome === 'halted' ? 1 : 0)
  metrics.partitionsDropped.inc(report.dropped.length)
  if (report.outcome === 'halted') {
    log.error({ reason: report.reason }, 'Retention is halted and waits for a person.')
  } else if (report.dropped.length > 0) {
    log.info({ dropped: report.dropped, alerts: report.alerts }, 'Expired days were dropped.')
  }
}
