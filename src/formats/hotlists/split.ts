// Fields of a line that machines write: one record a line, so that a stray quote costs that line
// and no other.

/**
 * A field that begins with a quote ends with one, and doubles those within.
 * @returns fields without surrounding spaces; null where a quote is not closed, or is followed by
 * something else than the delimiter
 */
export function splitFields(text: string, delimiter: string): string[] | null {
  if (!text.includes('"')) return text.split(delimiter).map((field) => field.trim())
  const fields: string[] = []
  for (let at = 0; at <= text.length; ) {
    const begin = skipSpaces(text, at)
    const quoted = text[begin] === '"'
    const end = quoted ? closingQuote(text, begin + 1) : -1
    if (quoted && end === -1) return null
    const next = text.indexOf(delimiter, quoted ? end + 1 : at)
    const to = next === -1 ? text.length : next
    if (quoted) {
      if (text.slice(end + 1, to).trim() !== '') return null
      fields.push(
        text
          .slice(begin + 1, end)
          .replaceAll('""', '"')
          .trim(),
      )
    } else {
      fields.push(text.slice(at, to).trim())
    }
    at = to + 1
  }
  return fields
}

function skipSpaces(text: string, from: number): number {
  let at = from
  while (text[at] === ' ') at += 1
  return at
}

function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at !== -1; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at
  }
  return -1
}
