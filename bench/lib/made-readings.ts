// Readings for benches that are given no file: made by the simulator, in the columns of real ones.
// They say that a bench works, not how well.
import { loadModel } from '../../src/matching/model.ts'
import { generateMessages } from '../../src/simulate/messages.ts'

const SEED = 7

/** @returns CSV, with a header line */
export function madeReadings(tiny: boolean): string {
  const lines = ['source,image_id,country_or_region,true_plate,read_plate,confidence,candidates']
  const messages = generateMessages({
    cameras: 10,
    count: tiny ? 2_000 : 20_000,
    seed: SEED,
    model: loadModel('general'),
    misread_share: 0.3,
  })
  for (const { payload, reads } of messages) {
    const read = JSON.parse(Buffer.from(payload).toString()) as {
      plate: string
      confidence?: number
      candidates?: { plate: string; confidence: number }[]
    }
    const percent = (share: number) => Math.round(share * 1_000) / 10
    const others = (read.candidates ?? []).map((c) => `${c.plate}:${percent(c.confidence)}`)
    const { id, truth } = reads[0] ?? {}
    const engine = `${read.plate},${percent(read.confidence ?? 0)},${others.join('|')}`
    lines.push(`made/full/made/none,${id},us,${truth},${engine}`)
  }
  return lines.join('\n')
}
