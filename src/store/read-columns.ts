// Reads as columns of the table `reads`, ready to be inserted as a block.
import { type BlockColumn, Bytes, encodeBlock } from './native-block.ts'

/** What a row holds. Times are epoch ms; '' and null are "not given". */
export interface ReadRow {
  camera: string
  id: string
  time_ms: number
  device_time_ms: number | null
  plate: string
  region: string
  confidence: number | null
  char_confidence: readonly number[] | null
  candidates: readonly { plate: string; confidence: number }[] | null
  location: { lat: number; lon: number } | null
  heading: number | null
  lane: number | null
  vehicle: { make?: string; model?: string; color?: string; type?: string; year?: number } | null
}

/** Reads of one message are told apart by their line, in the lowest bits of `precedence`. */
const LINE_BITS = 14
/** Largest number of lines of one message that `precedence` can tell apart. */
export const LINES_MAX = 1 << LINE_BITS
const SEQ_LOW = 1 << (32 - LINE_BITS)

/** DateTime64 holds 1900 to 2299; a device clock beyond is kept at the bound. */
const DEVICE_TIME_MS_MIN = Date.UTC(1900, 0, 1)
const DEVICE_TIME_MS_MAX = Date.UTC(2299, 11, 31)
const MILLIONTHS = 1_000_000

/** A column that may be null: its map of nulls, and its values. */
class Optional {
  readonly nulls = new Bytes()
  readonly values = new Bytes()
}

/** Gathers rows; `finish` gives them as one block and begins anew. */
export class ReadColumns {
  #rows = 0
  #camera = new Bytes()
  #id = new Bytes()
  #time = new Bytes()
  #received_at = new Bytes()
  #device_time = new Optional()
  #clock_suspect = new Bytes()
  #plate = new Bytes()
  #region = new Bytes()
  #confidence = new Optional()
  #char_ends = new Bytes()
  #char_values = new Bytes()
  #chars = 0
  #candidate_ends = new Bytes()
  #candidate_plates = new Bytes()
  #candidate_confidences = new Bytes()
  #candidates = 0
  #lat = new Optional()
  #lon = new Optional()
  #heading = new Optional()
  #lane = new Optional()
  #make = new Bytes()
  #model = new Bytes()
  #color = new Bytes()
  #type = new Bytes()
  #year = new Optional()
  #image_plate = new Bytes()
  #image_vehicle = new Bytes()
  #precedence = new Bytes()
  #columns: readonly BlockColumn[] = this.#describe()

  get rows(): number {
    return this.#rows
  }

  /** `seq` and `line`: where the read stood on the stream; the earliest of an id wins. */
  add(
    read: ReadRow,
    received_ms: number,
    images: { plate: boolean; vehicle: boolean },
    seq: number,
    line: number,
  ): void {
    this.#rows += 1
    this.#camera.text(read.camera)
    this.#id.text(read.id)
    this.#time.i64(read.time_ms)
    this.#received_at.i64(received_ms)
    this.#clock(read.device_time_ms)
    this.#plate.text(read.plate)
    this.#region.text(read.region)
    const { confidence, location, heading, lane } = read
    this.#confidence.nulls.u8(confidence === null ? 1 : 0)
    this.#confidence.values.f32(confidence ?? 0)
    this.#readings(read)
    this.#lat.nulls.u8(location === null ? 1 : 0)
    this.#lat.values.i32(location === null ? 0 : Math.round(location.lat * MILLIONTHS))
    this.#lon.nulls.u8(location === null ? 1 : 0)
    this.#lon.values.i32(location === null ? 0 : Math.round(location.lon * MILLIONTHS))
    this.#heading.nulls.u8(heading === null ? 1 : 0)
    this.#heading.values.u16(heading ?? 0)
    this.#lane.nulls.u8(lane === null ? 1 : 0)
    this.#lane.values.u8(lane ?? 0)
    this.#vehicle(read.vehicle)
    this.#image_plate.u8(images.plate ? 1 : 0)
    this.#image_vehicle.u8(images.vehicle ? 1 : 0)
    this.#place(seq, line)
  }

  /** The block, or null where no row was added. */
  finish(): Uint8Array | null {
    if (this.#rows === 0) return null
    const block = encodeBlock(this.#columns, this.#rows)
    this.clear()
    return block
  }

  /** Forgets the rows; the memory stays. */
  clear(): void {
    for (const { parts } of this.#columns) for (const part of parts) part.clear()
    this.#rows = 0
    this.#chars = 0
    this.#candidates = 0
  }

  #clock(device_time_ms: number | null): void {
    this.#clock_suspect.u8(device_time_ms === null ? 0 : 1)
    this.#device_time.nulls.u8(device_time_ms === null ? 1 : 0)
    const kept_ms = Math.min(Math.max(device_time_ms ?? 0, DEVICE_TIME_MS_MIN), DEVICE_TIME_MS_MAX)
    this.#device_time.values.i64(kept_ms)
  }

  #readings({ char_confidence, candidates }: ReadRow): void {
    if (char_confidence !== null) {
      for (const confidence of char_confidence) this.#char_values.f32(confidence)
      this.#chars += char_confidence.length
    }
    this.#char_ends.u64(0, this.#chars)
    if (candidates !== null) {
      for (const { plate, confidence } of candidates) {
        this.#candidate_plates.text(plate)
        this.#candidate_confidences.f32(confidence)
      }
      this.#candidates += candidates.length
    }
    this.#candidate_ends.u64(0, this.#candidates)
  }

  #vehicle(vehicle: ReadRow['vehicle']): void {
    this.#make.text(vehicle?.make ?? '')
    this.#model.text(vehicle?.model ?? '')
    this.#color.text(vehicle?.color ?? '')
    this.#type.text(vehicle?.type ?? '')
    this.#year.nulls.u8(vehicle?.year === undefined ? 1 : 0)
    this.#year.values.u16(vehicle?.year ?? 0)
  }

  /**
   * Sequence and line as one falling number: all ones less (seq << LINE_BITS | line), half by half.
   */
  #place(seq: number, line: number): void {
    const high = Math.floor(seq / SEQ_LOW)
    const low = ((seq % SEQ_LOW) << LINE_BITS) | line
    this.#precedence.u64(~high >>> 0, ~low >>> 0)
  }

  #describe(): BlockColumn[] {
    const one = (name: string, type: string, ...parts: Bytes[]) => ({ name, type, parts })
    const optional = (name: string, type: string, { nulls, values }: Optional) =>
      one(name, `Nullable(${type})`, nulls, values)
    return [
      one('camera', 'String', this.#camera),
      one('id', 'String', this.#id),
      one('time', "DateTime64(3, 'UTC')", this.#time),
      one('received_at', "DateTime64(3, 'UTC')", this.#received_at),
      optional('device_time', "DateTime64(3, 'UTC')", this.#device_time),
      one('clock_suspect', 'Bool', this.#clock_suspect),
      one('plate', 'String', this.#plate),
      one('region', 'String', this.#region),
      optional('confidence', 'Float32', this.#confidence),
      one('char_confidence', 'Array(Float32)', this.#char_ends, this.#char_values),
      one(
        'candidates',
        'Array(Tuple(plate String, confidence Float32))',
        this.#candidate_ends,
        this.#candidate_plates,
        this.#candidate_confidences,
      ),
      optional('lat', 'Decimal(9, 6)', this.#lat),
      optional('lon', 'Decimal(9, 6)', this.#lon),
      optional('heading', 'UInt16', this.#heading),
      optional('lane', 'UInt8', this.#lane),
      one('make', 'String', this.#make),
      one('model', 'String', this.#model),
      one('color', 'String', this.#color),
      one('type', 'String', this.#type),
      optional('year', 'UInt16', this.#year),
      one('image_plate', 'Bool', this.#image_plate),
      one('image_vehicle', 'Bool', this.#image_vehicle),
      one('precedence', 'UInt64', this.#precedence),
    ]
  }
}

/** Columns of an insert of such blocks. */
export const READ_COLUMNS = [
  'camera',
  'id',
  'time',
  'received_at',
  'device_time',
  'clock_suspect',
  'plate',
  'region',
  'confidence',
  'char_confidence',
  'candidates',
  'lat',
  'lon',
  'heading',
  'lane',
  'make',
  'model',
  'color',
  'type',
  'year',
  'image_plate',
  'image_vehicle',
  'precedence',
] as const
