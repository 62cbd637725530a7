// Colorado's hot list (CCIC): a header line, then fixed columns. The record's type is in words; the
// vehicle is year, make, model and colour where it has just these four, words otherwise.
//
//   0      10     12            34
//   plate  state  type          vehicle
import { fileCodeOfWords } from './codes.ts'
import { type FederalColumns, federalEntry } from './federal.ts'
import { afterHeader, type LineParser } from './lines.ts'
import { badLine } from './parsed-line.ts'

const VEHICLE = /^(\d{4}) ([A-Z0-9]{2,4}) ([A-Z0-9]{2,3}) ([A-Z0-9]{3}(?:\/[A-Z0-9]{3})?)$/

export function coloradoParser(): LineParser {
  return afterHeader(({ number, text }) => {
    const type = text.slice(12, 34).trim()
    if (type === '') return badLine(number, 'type', 'the type of the record in words', type)
    return federalEntry(number, {
      LIC: text.slice(0, 10).trim(),
      LIS: text.slice(10, 12).trim(),
      file_code: fileCodeOfWords(type),
      reason: type,
      ...vehicleOf(text.slice(34).trim().replace(/ +/g, ' ')),
    })
  })
}

function vehicleOf(text: string): Partial<FederalColumns> {
  const parts = VEHICLE.exec(text)
  if (parts === null) return text === '' ? {} : { remark: text }
  const [, VYR = '', VMA = '', VMO = '', VCO = ''] = parts
  return { VYR, VMA, VMO, VCO }
}
