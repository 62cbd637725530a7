// What dispatch is shown of a match's price. If it breaks, the wrong character is said to be the
// doubtful one.
import { expect, test } from 'vitest'
import type { AlignedPair } from '../../src/domain/alert.ts'
import { alignmentCost, cheapestColumns } from '../../src/matching/cheapest.ts'
import { costTables } from '../../src/matching/costs.ts'
import { loadModel } from '../../src/matching/model.ts'
import { CLASSES } from '../helpers/matching.ts'

const model = loadModel('general')
const tables = costTables(model)

function columnsOf(read: string, entry: string, candidate: string | null, behind = 0) {
  const cost = alignmentCost(tables, candidate ?? read, entry) + behind
  const one = { model, read, entry, candidate, cost, char_confidence: null, classes: CLASSES }
  return cheapestColumns(one)
}

const written = (columns: AlignedPair[]) =>
  columns.map(({ read, entry, kind, cost }) => {
    return `${read || '_'}${entry || '_'} ${kind}${cost > 0 ? ` ${cost.toFixed(1)}` : ''}`
  })

test('a character that is dear to lose is not said to be lost', () => {
  // A W is lost easily, an 8 hardly ever.
  const columns = columnsOf('AB123', 'ABW123', null)
  expect(columns.map(({ kind }) => kind)).toEqual([
    'same',
    'same',
    'deleted',
    'same',
    'same',
    'same',
  ])
  expect(columns[2]?.cost).toBeCloseTo(alignmentCost(tables, 'AB123', 'ABW123'))
})

test('what was added and what was lost are both shown, and nothing between them', () => {
  const kinds = columnsOf('1AB123', 'AB1234', null).map(({ kind }) => kind)
  expect(kinds).toEqual(['inserted', 'same', 'same', 'same', 'same', 'same', 'deleted'])
})

test('where the engine doubts a character, that one is cheap to be wrong about', () => {
  const doubted = [1, 1, 1, 1, 0.2, 1]
  const costOf = (char_confidence: number[] | null) => {
    const one = { model, read: 'ABC128', entry: 'ABC178', candidate: null, classes: CLASSES }
    return cheapestColumns({ ...one, char_confidence, cost: 0 })[4]?.cost as number
  }
  expect(costOf(doubted)).toBeLessThan(costOf(null))
  expect(costOf(doubted.map((share) => 1.2 - share))).toBeGreaterThan(costOf(null))
})

test('by way of a candidate the engine pays where its readings differ', () => {
  expect(written(columnsOf('ABC1254', 'ABC1234', 'ABC1234', 1.5))).toEqual([
    'AA same',
    'BB same',
    'CC same',
    '11 same',
    '22 same',
    '53 differs 1.5',
    '44 same',
  ])
  // The read has lost two, the candidate one of them.
  const columns = columnsOf('BC123', 'ABC1234', 'ABC123', 0.8)
  expect(columns.map(({ kind }) => kind)).toEqual([
    'deleted',
    'same',
    'same',
    'same',
    'same',
    'same',
    'deleted',
  ])
  expect(columns[0]?.cost).toBeCloseTo(0.8)
  expect(columns[6]?.cost).toBeCloseTo(alignmentCost(tables, 'ABC123', 'ABC1234'))
})

test('a character of the candidate alone still has its price', () => {
  const columns = columnsOf('ABC124', 'ABC124', 'ABCX124', 2)
  const sum = columns.reduce((all, { cost }) => all + cost, 0)
  expect(sum).toBeCloseTo(alignmentCost(tables, 'ABCX124', 'ABC124') + 2)
  expect(columns.map(({ read }) => read).join('')).toBe('ABC124')
})
