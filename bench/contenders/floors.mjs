/** The floors as contenders: L2 is what every ratio is a ratio to. */
import { append, decode, parse, split, streamOf } from '../floors.mjs'

export const floorContenders = [
  { name: 'L0: decode', key: 'L0', run: ({ chunks }) => decode(chunks), read: () => ({}) },
  {
    name: 'L1: and split into events',
    key: 'L1',
    run({ chunks }) {
      let events = 0
      split(chunks, (data) => (events += data.length > 0 ? 1 : 0))
      return events
    },
    read: (events) => ({ events }),
  },
  {
    name: 'L2: and JSON.parse each payload',
    key: 'L2',
    isLive: true,
    run({ chunks }) {
      let events = 0
      parse(chunks, (payload) => (events += payload === undefined ? 0 : 1))
      return events
    },
    read: (events) => ({ events }),
  },
  {
    name: 'L3: and append each delta',
    key: 'L3',
    run: ({ chunks, dialect }) => append(chunks, dialect),
    read: (reader) => reader,
  },
  {
    name: 'a ReadableStream, only read',
    key: 'stream',
    async run({ chunks }) {
      const reader = streamOf(chunks).getReader()
      let count = 0
      while (!(await reader.read()).done) count += 1
      return count
    },
    read: () => ({}),
  },
]
