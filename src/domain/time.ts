// Days, and what the retention time means to the second (policy 401.5a).

export const DAY_MS = 86_400_000

/** UTC day of a time, `YYYY-MM-DD`: the name of its partition and of its image folder. */
export function utcDay(time_ms: number): string {
  return new Date(time_ms).toISOString().slice(0, 10)
}

/** No path shows a read older than this (epoch ms). */
export function retentionCutoff(now_ms: number, retention_days: number): number {
  return now_ms - retention_days * DAY_MS
}

/** A day may be dropped once the last moment that it can hold is past the retention time. */
export function dayIsExpired(day: string, now_ms: number, retention_days: number): boolean {
  return Date.parse(`${day}T00:00:00Z`) + DAY_MS <= retentionCutoff(now_ms, retention_days)
}
