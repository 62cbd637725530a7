// Errors that a person meets: one class, a stable code, and a sentence that says what was expected
// and what came.

/**
 * @example
 * throw new HotplateError('PORT_TAKEN', 'Port 8080 is taken: set gateway.port or free it')
 */
export class HotplateError extends Error {
  override readonly name = 'HotplateError'
  readonly code: string
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
