// Hits of a batch, whichever way its reads were taken, in the order of the stream: the first read
// of a passage must come first.
import type { Judge } from '../matching/judge.ts'
import type { DecodedRead } from './decode.ts'
import type { Digest } from './digest.ts'
import type { PlainReads } from './scan.ts'
import type { Hit } from './work.ts'

interface PlacedHit {
  seq: number
  line: number
  hit: Hit
}

/** All hits of the plain reads and of what the digest has taken, by message, line and entry. */
export function hitsOf(judge: Judge, plain: PlainReads, digest: Digest): Hit[] {
  return [...plainHits(judge, plain), ...digestHits(judge, digest)]
    .toSorted((a, b) => a.seq - b.seq || a.line - b.line)
    .map(({ hit }) => hit)
}

function plainHits(judge: Judge, plain: PlainReads): PlacedHit[] {
  const { records, evidence, origins } = plain
  const packed = { records, evidence, origins, count: origins.length / 2 }
  const found = judge.matchPacked(packed, (row) => plain.read(row))
  return found.map(({ read: row, entry, match }) => {
    const { seq, received_ms } = plain.message(row)
    const images = { plate: false, vehicle: false }
    const hit = { read: plain.read(row), received_ms, images, entry, match }
    return { seq, line: plain.line(row), hit }
  })
}

function digestHits(judge: Judge, digest: Digest): PlacedHit[] {
  return judge.match(digest.reads).map(({ read, entry, match }) => {
    const decoded = digest.reads[read] as DecodedRead
    const hit = {
      read: { ...decoded, image_plate: null, image_vehicle: null },
      received_ms: digest.received_ms[read] as number,
      images: digest.kept[read] as Hit['images'],
      entry,
      match,
    }
    return { ...(digest.places[read] as { seq: number; line: number }), hit }
  })
}
