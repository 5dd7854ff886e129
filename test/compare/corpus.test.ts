/** Vendors that were asked the same, side by side. */
import { expect, it } from 'vitest'
import { compare, observeRecording } from '../../src/compare.ts'
import { recordingOfBody } from '../../src/recording/format.ts'
import { expectSound, expectSymmetric } from '../support/compared.ts'
import { describeShared } from '../support/corpus.ts'
import { vendorGroups } from '../support/vendor-groups.ts'

describeShared('corpus', 'the vendors of the corpus that were asked the same', () => {
  it('compare without an error, soundly, both ways alike, and each with itself as the same', () => {
    const groups = vendorGroups()
    expect(groups.length).toBeGreaterThan(100)
    for (const { name, streams } of groups) {
      const turns = streams.map(({ read }) => observeRecording(recordingOfBody(read())))
      const comparison = compare(turns, { labels: streams.map(({ vendor }) => vendor) })
      expectSound(comparison)
      const [reference] = turns
      for (const [side, turn] of turns.entries()) {
        expect(compare([turn, turn]).differences, name).toEqual([])
        if (reference === undefined || side === 0) continue
        const pair = expectSymmetric(reference, turn)
        expect(comparison.differences.filter((one) => one.side === side).map(({ kind }) => kind)).toEqual(
          pair.differences.map(({ kind }) => kind),
        )
      }
    }
  })
})
