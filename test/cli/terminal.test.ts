/** The terminal of the tests is one. */
import { expect, it } from 'vitest'
import { describeTerminal, inTerminal } from '../support/pty.ts'

const WRITER = `
  const { stdin, stdout, stderr, argv, env } = process
  stdout.write(JSON.stringify([stdin.isTTY, stdout.isTTY, stderr.isTTY, stdout.columns, argv[1], env.NO_COLOR ?? '-']) + '\\n')
  stderr.write('\\x1b[1m\\t\\x9b\\n\\r\\n')
  process.exitCode = 3
`

describeTerminal('the terminal of the tests', () => {
  it.each([
    [37, {}, '-'],
    [200, { NO_COLOR: '1' }, '1'],
  ])(
    'is one of %s columns to a program, and gives its bytes and exit code as they are',
    async (columns, env, colour) => {
      const { code, bytes } = await inTerminal([process.execPath, '-e', WRITER, `it's "$0"`], {
        columns,
        env: { NO_COLOR: undefined, ...env },
      })
      const line = JSON.stringify([true, true, true, columns, `it's "$0"`, colour])
      expect({ code, text: bytes.toString() }).toEqual({ code: 3, text: `${line}\n\u001b[1m\t\u009b\n\r\n` })
    },
  )

  it('gives all of what is written, also what is long', async () => {
    const { bytes } = await inTerminal([process.execPath, '-e', `process.stdout.write('x'.repeat(5e6) + 'end')`])
    expect(bytes).toHaveLength(5_000_003)
    expect(bytes.subarray(-4).toString()).toBe('xend')
  })
})
