/** Undoes the compression of a body, for a recording of it. */
import { Transform } from 'node:stream'
import * as zlib from 'node:zlib'

/** A body as it is decoded: bytes in, bytes out, in order, cut short where it was cut. */
export interface ContentDecoder {
  write(bytes: Uint8Array): void
  /** Settles when everything is out. `isWhole` is false where the bytes were none of this encoding, or decode to far too much. */
  end(): Promise<{ readonly isWhole: boolean }>
}

/**
 * `none` for a body that is not encoded; `unknown` for one that cannot be decoded here, several encodings included. `encoding` is the header
 * as it came.
 */
export type ContentCoding =
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown'; readonly encoding: string }
  | {
      readonly kind: 'known'
      readonly encoding: string
      readonly decode: (take: (bytes: Uint8Array) => void) => ContentDecoder
    }

export function contentCodingOf(header: string | undefined): ContentCoding {
  const encoding = (header ?? '').trim().toLowerCase()
  if (encoding === '' || encoding === 'identity') return { kind: 'none' }
  const make = transformOf(encoding)
  if (make === undefined) return { kind: 'unknown', encoding }
  return { kind: 'known', encoding, decode: (take) => decoderOf(make(), take) }
}

/** What was decoded before a cut is handed out: these flush what they have. */
function transformOf(encoding: string): (() => Transform) | undefined {
  const { Z_SYNC_FLUSH, BROTLI_OPERATION_FLUSH } = zlib.constants
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return () => zlib.createGunzip({ flush: Z_SYNC_FLUSH, finishFlush: Z_SYNC_FLUSH })
    case 'deflate':
      return () => zlib.createInflate({ flush: Z_SYNC_FLUSH, finishFlush: Z_SYNC_FLUSH })
    case 'br':
      return () => zlib.createBrotliDecompress({ flush: BROTLI_OPERATION_FLUSH, finishFlush: BROTLI_OPERATION_FLUSH })
    case 'zstd':
      return zstd()
    default:
      return undefined
  }
}

/** Newer versions of Node have it. */
function zstd(): (() => Transform) | undefined {
  const make: unknown = Reflect.get(zlib, 'createZstdDecompress')
  if (typeof make !== 'function') return undefined
  return () => {
    const stream: unknown = make()
    if (stream instanceof Transform) return stream
    throw new TypeError('this Node has no decoder for zstd')
  }
}

/** A body that is larger than this, in bytes, may be so many times as large as it was encoded. Text is seldom more than 20 times. */
const LARGEST_FREE = 32 * 1024 * 1024
const LARGEST_RATIO = 200

function decoderOf(stream: Transform, take: (bytes: Uint8Array) => void): ContentDecoder {
  let isWhole = true
  const done = new Promise<void>((resolve) => stream.once('close', resolve))
  let [taken, given] = [0, 0]
  stream.on('data', (bytes: Uint8Array) => {
    given += bytes.length
    if (given > LARGEST_FREE && given > taken * LARGEST_RATIO) stream.destroy(new Error('it decodes to far too much'))
    else take(bytes)
  })
  stream.on('error', () => (isWhole = false))
  return {
    write(bytes) {
      taken += bytes.length
      if (stream.writable) stream.write(bytes)
    },
    async end() {
      if (stream.writable) stream.end()
      await done
      return { isWhole }
    },
  }
}
