// Times as ClickHouse takes them.

/** `YYYY-MM-DD hh:mm:ss.mmm`: a DateTime64 given as a number would be read as seconds. */
export function formatDateTime(time_ms: number): string {
  const iso = new Date(time_ms).toISOString()
  return `${iso.slice(0, 10)} ${iso.slice(11, 23)}`
}
