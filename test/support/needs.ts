/** Tests that need what a machine may not have. */
import { describe, expect, it } from 'vitest'

/**
 * `describe` for tests that cannot run where something is missing; `missing` says what, undefined if all is there. They are skipped with a
 * line that says so; with `CI=true` it is a failure instead.
 */
export function describeNeeding(missing: string | undefined, name: string, declare: () => void): void {
  if (missing === undefined) describe(name, declare)
  else if (process.env['CI'] === 'true') {
    describe(name, () => {
      it('can run', () => {
        expect.fail(`${missing}: with CI=true these tests must run`)
      })
    })
  } else {
    console.warn(`SKIPPED: ${name}: ${missing}`)
    describe.skip(`${name} (${missing})`, declareNothing)
  }
}

function declareNothing(): void {
  it('is skipped', () => undefined)
}
