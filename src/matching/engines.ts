// Which model of misreads belongs to which camera: each reading engine misreads in its own way.

export interface EngineOptions {
  /** Model of all cameras that `models` does not name. */
  model: string
  /** Model by camera id, or by the beginning of one: `gate-*`. */
  models: Readonly<Record<string, string>>
}

/** Names of the models in use, each once; the first is the default. */
export function modelsInUse({ model, models }: EngineOptions): string[] {
  return [...new Set([model, ...Object.values(models)])]
}

/**
 * Gives a camera's place in `modelsInUse`: of its own id, else of the longest beginning that fits,
 * else of the default.
 */
export function modelOfCamera(options: EngineOptions): (camera: string) => number {
  const names = modelsInUse(options)
  const beginnings = Object.keys(options.models)
    .filter((key) => key.endsWith('*'))
    .toSorted((a, b) => b.length - a.length)
  const known = new Map<string, number>()
  return (camera) => {
    const number = known.get(camera)
    if (number !== undefined) return number
    const own = Object.hasOwn(options.models, camera) ? options.models[camera] : undefined
    const beginning = beginnings.find((key) => camera.startsWith(key.slice(0, -1)))
    const found = own ?? (beginning === undefined ? options.model : options.models[beginning])
    const place = names.indexOf(found as string)
    known.set(camera, place)
    return place
  }
}
