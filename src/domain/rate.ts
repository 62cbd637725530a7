// A rate of rare events, and how sure one may be of it.

export interface Rate {
  per_million: number
  /** The interval that holds the true rate with 95 % confidence. */
  low: number
  high: number
}

const TAIL = 0.025
const STEPS = 60

/**
 * Events per million trials, with the exact Poisson interval (F. Garwood, Fiducial limits for the
 * Poisson distribution, Biometrika 28, 1936): each bound is the mean at which as many events, or as
 * few, have a probability of 2.5 %.
 * @returns null where nothing was tried
 */
export function rateOf(events: number, trials: number): Rate | null {
  if (trials <= 0) return null
  const scale = 1_000_000 / trials
  // At most k - 1 events, so that k or more have what is left.
  const low = events === 0 ? 0 : meanWhere(events - 1, 1 - TAIL)
  return {
    per_million: events * scale,
    low: low * scale,
    high: meanWhere(events, TAIL) * scale,
  }
}

/** The mean at which `count` events or fewer have this probability: falls as the mean rises. */
function meanWhere(count: number, probability: number): number {
  let low = 0
  let high = count + 12 * Math.sqrt(count + 4)
  for (let step = 0; step < STEPS; step += 1) {
    const middle = (low + high) / 2
    if (atMost(count, middle) > probability) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** P(X <= count) where X is Poisson with this mean, summed from its largest term both ways. */
function atMost(count: number, mean: number): number {
  const largest = Math.min(count, Math.floor(mean))
  let log_term = -mean
  for (let k = 1; k <= largest; k += 1) log_term += Math.log(mean / k)
  const term_max = Math.exp(log_term)
  let sum = term_max
  for (let k = largest, term = term_max; k > 0 && term > sum * 1e-16; k -= 1) {
    term *= k / mean
    sum += term
  }
  for (let k = largest + 1, term = term_max; k <= count && term > sum * 1e-16; k += 1) {
    term *= mean / k
    sum += term
  }
  return Math.min(1, sum)
}
