// The error for a wrong argument of the native side, in the words that all of them have.

export function unexpected(expected: string, name: string, value: unknown): TypeError {
  return new TypeError(
    `Expected ${expected} for ${name} but received ${String(value)} of type ${typeof value}`,
  )
}
