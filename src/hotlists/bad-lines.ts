// Lines of an import that could not be taken: counted all, kept the first ones, for whoever has to
// decide on the import or to mend the file.
import type { BadLine } from '../formats/hotlists/parsed-line.ts'
import type { Store } from '../store/client.ts'

/** Kept of each import. */
export const BAD_LINES_KEPT_MAX = 10_000

export async function insertBadLines(
  { client, database }: Store,
  list: string,
  version: number,
  lines: readonly BadLine[],
): Promise<void> {
  if (lines.length === 0) return
  await client.insert({
    table: `${database}.hotlist_bad_lines`,
    values: lines.map(({ line, column, expected, came }) => ({
      list,
      version,
      line,
      field: column,
      expected,
      came,
    })),
    format: 'JSONEachRow',
  })
}

/**
 * In the file's order.
 * @param after number of the last line seen
 */
export async function badLinesOf(
  { client, database }: Store,
  list: string,
  version: number,
  { after = 0, lines_max }: { after?: number; lines_max: number },
): Promise<BadLine[]> {
  const result = await client.query({
    query: `SELECT line, field AS column, expected, came FROM ${database}.hotlist_bad_lines FINAL
      WHERE list = {list: String} AND version = {version: UInt32} AND line > {after: UInt32}
      ORDER BY line, field LIMIT {lines_max: UInt32}`,
    query_params: { list, version, after, lines_max },
    format: 'JSONEachRow',
  })
  return result.json<BadLine>()
}
