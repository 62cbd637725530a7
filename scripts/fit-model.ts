// Fits a confusion model: node scripts/fit-model.ts READINGS.csv[.gz] NAME SOURCE >
// config/models/NAME.json READINGS has the columns true_plate and read_plate. Only counts leave the
// file, never its rows.
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { parse } from 'csv-parse'
import { fitModel, type LabelledReading } from '../src/matching/fit-model.ts'
import { loadLookAlikes } from '../src/matching/look-alikes.ts'

const [file, name = 'general', source = 'plates'] = process.argv.slice(2)
if (file === undefined) {
  process.stderr.write('Expected: node scripts/fit-model.ts READINGS.csv[.gz] [NAME] [SOURCE]\n')
  process.exit(2)
}

const readings: LabelledReading[] = []
const parser = parse({ columns: true })
const input = createReadStream(file)
for await (const row of file.endsWith('.gz')
  ? input.pipe(createGunzip()).pipe(parser)
  : input.pipe(parser)) {
  const { true_plate, read_plate } = row as LabelledReading
  readings.push({ true_plate, read_plate })
}
const model = fitModel(readings, { name, source, classes: loadLookAlikes() })
process.stdout.write(`${JSON.stringify(model, null, 2)}\n`)
