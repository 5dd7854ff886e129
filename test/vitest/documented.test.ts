/** What docs/testing.md shows: `npm run docs` copies the pieces that are marked here. */
import Anthropic from '@anthropic-ai/sdk'
import { test as base, expect, test } from 'vitest'
import { assemble, fold } from 'onefold'
import { readRecordingFile } from 'onefold/node'
import { eachFault, eachRecording, recorded } from 'onefold/vitest'

// docs: matchers
test('the turn is what it was', async () => {
  const recording = await readRecordingFile('recordings/anthropic-messages/one-tool.recording')

  await expect(recording).toBeComplete()
  await expect(recording).toFoldTo(
    expect.objectContaining({
      stop: expect.objectContaining({ reason: 'tool_calls' }),
      content: [expect.objectContaining({ type: 'text' }), expect.objectContaining({ name: 'edit_file' })],
    }),
  )

  const other = await readRecordingFile('recordings/openai-chat/one-tool.recording')
  await expect(recording).not.toEqualTurn(other, { ignoring: ['ids', 'times', 'usage', 'wire'] })
})

// docs: fixture
const it = base.extend({ answers: recorded('one-tool', { folder: 'recordings/anthropic-messages' }) })

it('asks for a tool', async ({ answers }) => {
  const client = new Anthropic({ apiKey: process.env.ANTHROPIC_API_KEY ?? 'none', fetch: answers.fetch })
  const turn = assemble(
    client.messages.create({
      model: 'claude-sonnet-4-5',
      max_tokens: 1024,
      stream: true,
      messages: [{ role: 'user', content: 'Rename the function add to sum in src/math.ts.' }],
    }),
  )
  await expect(turn).toBeComplete()
})

// docs: each recording
eachRecording('recordings/cohere', async (recording, { expected }) => {
  await expect(recording).toFoldTo(expected)
})

// docs: each fault
eachFault('recordings/anthropic-messages/one-tool.recording', async (fault) => {
  const message = await fold(fault.response())
  fault.judge(message)
})

// docs: own reader
async function readMyself(response: Response) {
  // In place of your own code: what it shows, which tools it would run, whether it takes the answer for whole.
  const { content, outcome } = await fold(response)
  const isComplete = outcome.kind === 'complete'
  return {
    text: content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join(''),
    calls: content.flatMap((block) =>
      isComplete && block.type === 'tool_call' && block.state === 'complete'
        ? [{ name: block.name, input: block.input }]
        : [],
    ),
    isComplete,
  }
}

eachFault(
  'recordings/openai-chat/one-tool.recording',
  async (fault) => fault.judge(await readMyself(fault.response())),
  { plans: ['cut-reset', 'cut-eof', 'one-byte-chunks', 'repeat-terminal'], places: 'all' },
)
// docs: end
