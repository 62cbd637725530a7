// Numbers for people: one row a field, aligned at the right.

/** Rows of cells as text; the first column to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((text, column) => {
      widths[column] = Math.max(widths[column] ?? 0, text.length)
    })
  }
  return rows
    .map((row) =>
      row
        .map((text, column) => {
          const width = widths[column] as number
          return column === 0 ? text.padEnd(width) : text.padStart(width)
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** A value as a cell: large numbers grouped, small ones with the digits that matter. */
export function cell(value: unknown): string {
  if (typeof value !== 'number') return String(value)
  if (Number.isInteger(value) || Math.abs(value) >= 1_000) {
    return Math.round(value).toLocaleString('en')
  }
  return value.toPrecision(3)
}
