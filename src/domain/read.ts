// A read: what one camera saw of one vehicle at one moment. The canonical form that every camera
// format becomes.

/** Camera ids are also the last token of a NATS subject, hence the narrow alphabet. */
export const CAMERA_ID = /^[a-z0-9-]{1,64}$/
/**
 * Read ids: printable ASCII without white space, so that they are safe in TSV, file names and logs.
 */
export const READ_ID = /^[!-~]{1,128}$/
/** Issuing state or country: ISO 3166-2 (`US-ID`). */
export const REGION = /^[A-Z]{2}-[A-Z0-9]{1,3}$/

/** Engine's other readings of one plate kept with a read; real engines send up to 10. */
export const CANDIDATES_MAX = 16

export interface Candidate {
  plate: string
  /** 0 to 1 */
  confidence: number
}

export interface VehicleSeen {
  make?: string
  model?: string
  color?: string
  type?: string
  year?: number
}

export interface Location {
  /** degrees, -90 to 90 */
  lat: number
  /** degrees, -180 to 180 */
  lon: number
}

/**
 * Which pictures came with a read; the pictures themselves lie in the image folder of the read's
 * day.
 */
export interface ImagesKept {
  plate: boolean
  vehicle: boolean
}

/** A read after decoding, with the trusted time. Times are epoch milliseconds, UTC. */
export interface Read {
  camera: string
  id: string
  /** Trusted time: the camera's, or the time of receipt where the camera's clock is suspect. */
  time_ms: number
  /** When the stream took the read in. */
  received_ms: number
  /** The camera's own time where it was not trusted. */
  device_time_ms?: number
  clock_suspect: boolean
  plate: string
  region?: string
  /** 0 to 1 */
  confidence?: number
  char_confidence?: number[]
  candidates?: Candidate[]
  location?: Location
  /** degrees, 0 to 359 */
  heading?: number
  lane?: number
  vehicle?: VehicleSeen
  images: ImagesKept
}

/**
 * What policy 401.7 forbids to capture: people, faces, gender, race. A field so named, at any depth
 * of a payload, is dropped unread and counted. Compared in lower case with `_` and `-` removed.
 */
export const FORBIDDEN_FIELDS: ReadonlySet<string> = new Set([
  'face',
  'faces',
  'facial',
  'faceimage',
  'faceimages',
  'person',
  'persons',
  'people',
  'occupant',
  'occupants',
  'driver',
  'driverimage',
  'passenger',
  'passengers',
  'pedestrian',
  'pedestrians',
  'gender',
  'sex',
  'race',
  'ethnicity',
  'skin',
  'skincolor',
  'skintone',
  'age',
  'religion',
])

/** The form in which a field's name is looked up in {@link FORBIDDEN_FIELDS}. */
export function forbiddenForm(name: string): string {
  return name.toLowerCase().replaceAll('_', '').replaceAll('-', '')
}
