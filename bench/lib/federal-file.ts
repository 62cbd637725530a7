// A made federal extract: fixed columns, O written as zero, codes and states as they come.
import { closeSync, openSync, writeSync } from 'node:fs'
import { bigPlate } from './big-list.ts'

const LINES_PER_WRITE = 20_000
const STATES = ['ID', 'UT', 'WA', '0R', 'NV', 'MT', 'WY', 'CA', '0H', 'TX']
const MAKES = ['F0RD', 'CHEV', 'D0DG', 'T0YT', 'H0ND', 'NISS', 'JEEP']
const MODELS = ['F15', 'SIL', 'RAM', 'CAM', 'CIV', 'ALT', 'CHE']
const COLORS = ['WHI', 'BLK', 'SIL', 'GRY', 'RED', 'BLU/GRY']
/** Mostly stolen vehicles and plates; A to W of the file codes that fit a purpose. */
const CODES = 'VVVVVVVVPPPPPPPPPWWFMA'

/** Writes so many records, of plates as in a made list (big-list.ts). */
export function writeFederalFile(path: string, lines: number): void {
  const file = openSync(path, 'w')
  try {
    writeSync(file, 'NCIC LPR EXTRACT 20261126\n')
    for (let from = 0; from < lines; from += LINES_PER_WRITE) {
      const to = Math.min(lines, from + LINES_PER_WRITE)
      let text = ''
      for (let at = from; at < to; at += 1) text += federalLine(at)
      writeSync(file, text)
    }
  } finally {
    closeSync(file)
  }
}

function federalLine(at: number): string {
  const of = (values: readonly string[] | string) => values[at % values.length] as string
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `2026${two(1 + (at % 12))}${two(1 + (at % 28))}`
  const plate = bigPlate(at).replaceAll('O', '0').padEnd(10)
  const nic = of(CODES) + String(at).padStart(9, '0')
  const vehicle = `${1990 + (at % 36)}${of(MAKES)}${of(MODELS)}${at % 3 === 0 ? 'PK' : '4D'}`
  return `${nic}ID0420100${day}${plate}${of(STATES)}2027PC${vehicle}${of(COLORS)}\n`
}
