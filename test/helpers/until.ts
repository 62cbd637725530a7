// Waits for a condition, with a bound: what every test uses instead of a sleep.

export interface UntilOptions {
  ms?: number
  every_ms?: number
  what?: string
}

/**
 * Resolves with the first truthy value of `condition`; rejects after `ms`, naming what was awaited.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  { ms = 15_000, every_ms = 20, what = 'the condition' }: UntilOptions = {},
): Promise<NonNullable<T>> {
  const end = performance.now() + ms
  let last: unknown
  for (;;) {
    try {
      const value = await condition()
      if (value) return value as NonNullable<T>
    } catch (error) {
      last = error
    }
    if (performance.now() > end) {
      throw new Error(`Waited ${ms} ms for ${what}`, last === undefined ? {} : { cause: last })
    }
    await new Promise((resolve) => setTimeout(resolve, every_ms))
  }
}
