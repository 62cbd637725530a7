// Text in columns, for the terminal.

export type Row = readonly string[]

/**
 * Columns as wide as their widest cell, two spaces between.
 * @param numbers_from the column from which on cells are numbers, and stand to the right
 */
export function table(rows: readonly Row[], numbers_from = Number.POSITIVE_INFINITY): string {
  const columns = [...(rows[0] ?? []).keys()]
  const widths = columns.map((at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  const line = (row: Row) =>
    columns.map((at) => {
      const [cell, width] = [row[at] ?? '', widths[at] ?? 0]
      return at < numbers_from ? cell.padEnd(width) : cell.padStart(width)
    })
  return rows.map((row) => line(row).join('  ').trimEnd()).join('\n')
}

/** A share as percent, three digits. */
export function share(value: number): string {
  return `${(value * 100).toPrecision(3)} %`
}
