// `hotplate match explain` and `preview`: why a read matches an entry, and which readings of a
// plate would alert. Neither needs the service.
import { InvalidArgumentError } from 'commander'
import { HotplateError } from '../domain/error.ts'
import type { Profile } from '../domain/hotlist.ts'
import { foldEntryPlate, foldPlate, isPattern } from '../domain/plate.ts'
import { Random } from '../domain/random.ts'
import { cheapestColumns } from '../matching/cheapest.ts'
import { alignPlates } from '../matching/explain.ts'
import { buildIndexOf, type IndexOptions } from '../matching/index-block.ts'
import { loadLookAlikes, SYMBOLS } from '../matching/look-alikes.ts'
import { loadModel, type Model } from '../matching/model.ts'
import { PairWeigher, type PreviewedReading, previewReadings } from '../matching/preview.ts'
import { packEntries } from '../matching/record.ts'
import { regionCode } from '../matching/region.ts'
import { drawAlike, drawnOf, newDrawn } from '../matching/sample.ts'
import { LOG_ODDS_ALL, LOG_ODDS_NONE, thresholdsOf } from '../matching/threshold.ts'
import { type CommonOptions, configOf } from './run.ts'
import { type Row, share, table } from './table.ts'

export interface PairCommandOptions extends CommonOptions {
  model?: string
  profile: Profile
  falseAlertsPerMillion?: number
  entries: number
  logOddsMin?: number
}

export interface ExplainOptions extends PairCommandOptions {
  regionRead?: string
  regionEntry?: string
  confidence?: number
}

export interface PreviewOptions extends PairCommandOptions {
  limit: number
}

interface Threshold {
  log_odds_min: number
  /** Where it comes from, in words. */
  words: string
}

/** @returns the text to print */
export function explain(given_read: string, given_entry: string, o: ExplainOptions): string {
  const read = plateOf(given_read, foldPlate)
  const entry = plateOf(given_entry, foldEntryPlate)
  const { model, index } = partsOf(o)
  const threshold = thresholdOf(entry, o, model, index)
  const states = { region_read: regionOf(o.regionRead), region_entry: regionOf(o.regionEntry) }
  const { log_odds_min } = threshold
  const { profile } = o
  const confidence = o.confidence ?? null
  const weigher = new PairWeigher({
    ...states,
    entry,
    confidence,
    profile,
    model,
    index,
    log_odds_min,
  })
  const { cost, log_odds, verdict } = weigher.weigh(read)
  const ending: Row[] = [
    ['Threshold', threshold.words],
    ['Verdict', verdictWords(verdict, profile)],
  ]
  const { classes } = index
  const { aligned, class: kind } = alignPlates(read, entry, classes)
  const one = { model, read, entry, cost, classes, char_confidence: null, candidate: null }
  const priced = isPattern(entry)
    ? aligned.map((column) => ({ ...column, cost: 0 }))
    : cheapestColumns(one)
  const columns = priced.map((pair): Row => {
    return [pair.read || '·', pair.entry || '·', KINDS[pair.kind], number(pair.cost)]
  })
  const likelihood: Row[] = [
    ['Cost', `${number(cost)} nats`],
    ['Log odds', `${number(log_odds)}, posterior ${share(posteriorOf(log_odds))}`],
  ]
  const facts: Row[] = [
    ['Class', kind.replaceAll('_', ' ')],
    ['State', stateOf(states)],
    ['Model', `${model.name} version ${model.version}`],
    // Of a pattern no likelihood is known: whoever entered it asked for all that fits.
    ...(isPattern(entry) ? [] : likelihood),
    ...ending,
  ]
  return `${table([['read', 'entry', '', 'cost'], ...columns], 3)}\n\n${table(facts)}\n`
}

/** @returns the text to print */
export function preview(given: string, o: PreviewOptions): string {
  const entry = plateOf(given, foldPlate)
  const { model, index } = partsOf(o)
  const threshold = thresholdOf(entry, o, model, index)
  const { readings, misreads_share, faithful } = previewReadings({
    entry,
    region_entry: '',
    region_read: '',
    confidence: null,
    profile: o.profile,
    model,
    index,
    log_odds_min: threshold.log_odds_min,
  })
  const row = ({ read, probability, cost, log_odds }: PreviewedReading): Row => {
    const { class: kind } = alignPlates(read, entry, index.classes)
    return [read, kind.replaceAll('_', ' '), share(probability), number(cost), number(log_odds)]
  }
  const shown = readings.slice(0, o.limit)
  const left = readings.length - shown.length
  const rows = shown.map(row)
  const facts: Row[] = [
    ['Threshold', threshold.words],
    ['Read right', share(faithful)],
    ['Caught', `${share(misreads_share)} of misreads`],
    ['Model', `${model.name} version ${model.version}; a 0 stands for the letter O too`],
  ]
  return [
    table([['reading', 'class', 'probability', 'cost', 'log odds'], ...rows], 2),
    ...(left > 0 ? [`and ${left} rarer ones`] : []),
    '',
    `${table(facts)}\n`,
  ].join('\n')
}

const KINDS = {
  same: '',
  o_zero: 'O and 0',
  look_alike: 'look-alike',
  differs: 'differs',
  inserted: 'only in the read',
  deleted: 'only in the entry',
  any: 'left open',
} as const

function verdictWords(verdict: string, profile: Profile): string {
  switch (verdict) {
    case 'always':
      return 'alerts, whatever the threshold'
    case 'likely':
      return 'alerts'
    case 'unlikely':
      return `does not alert: in reach of ${profile}, but too unlikely`
    default:
      return `does not alert: out of reach of ${profile}`
  }
}

function partsOf(o: PairCommandOptions): { model: Model; index: IndexOptions } {
  const { matching } = configOf(o)
  const index = { classes: loadLookAlikes(), edit_chars_min: matching.edit_chars_min }
  return { model: loadModel(o.model ?? matching.model), index }
}

/** Of a list of plates alike, which stands for the one that the entry is on. */
function thresholdOf(
  entry: string,
  o: PairCommandOptions,
  model: Model,
  index: IndexOptions,
): Threshold {
  if (o.logOddsMin !== undefined) {
    return { log_odds_min: o.logOddsMin, words: `log odds ${number(o.logOddsMin)}, as given` }
  }
  const budget = o.falseAlertsPerMillion ?? configOf(o).matching.false_alerts_per_million_max
  const random = new Random(1)
  const plate = newDrawn()
  const shape = drawnOf(entry.replace(/[?*]/g, ''))
  const entries = Array.from({ length: o.entries }, () => {
    drawAlike(shape, plate, random)
    const text = [...plate.symbols.subarray(0, plate.length)].map((s) => SYMBOLS[s]).join('')
    return { plate: text, profile: o.profile }
  })
  const records = packEntries(entries)
  const [found] = thresholdsOf({
    source: buildIndexOf(records, entries.length, index),
    records,
    count: entries.length,
    budgets_per_million: [budget],
    classes: index.classes,
    models: [model],
  })
  const log_odds_min = found?.log_odds_min ?? LOG_ODDS_ALL
  const what =
    log_odds_min === LOG_ODDS_ALL
      ? 'all in reach'
      : log_odds_min === LOG_ODDS_NONE
        ? 'exact matches only'
        : `log odds ${number(log_odds_min)}`
  const list = `${o.entries.toLocaleString('en')} plates of this shape`
  return { log_odds_min, words: `${what}: ${budget} false alerts per million on a list of ${list}` }
}

function posteriorOf(log_odds: number): number {
  return 1 / (1 + Math.exp(-log_odds))
}

function number(value: number): string {
  return value.toFixed(2)
}

function stateOf(states: { region_read: string; region_entry: string }): string {
  const { region_read, region_entry } = states
  if (region_read === '' || region_entry === '') return 'unknown'
  return region_read === region_entry ? 'same' : 'differs'
}

function plateOf(given: string, fold: (text: string) => string | null): string {
  const plate = fold(given)
  if (plate !== null) return plate
  throw new HotplateError('USAGE', `Expected a plate, 1 to 12 of A-Z, 0-9, but received ${given}`)
}

function regionOf(given: string | undefined): string {
  if (given === undefined) return ''
  try {
    regionCode(given)
    return given
  } catch (cause) {
    const message = `Expected a state as ISO 3166-2, such as US-ID, but received ${given}`
    throw new HotplateError('USAGE', message, { cause })
  }
}

/** For commander: a number within limits. */
export function numberWithin(low: number, high: number, whole = false) {
  return (text: string): number => {
    const value = Number(text)
    const fits = value >= low && value <= high && (!whole || Number.isInteger(value))
    if (text.trim() !== '' && fits) return value
    throw new InvalidArgumentError(
      `Expected a ${whole ? 'whole ' : ''}number from ${low} to ${high}.`,
    )
  }
}
