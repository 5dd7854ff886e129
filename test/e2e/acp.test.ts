/**
 * A real agent, in a process of its own and over stdio, that the official SDK drives: `@agentclientprotocol/sdk` ships no example agent in
 * its package, so these are small ones, made with the SDK's own agent side. What the SDK's client gets, the bytes of the agent alone, and
 * those of both directions must give the same messages, and say what the SDK says.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { Readable, Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import * as v1 from '@agentclientprotocol/sdk'
import * as v2 from '@agentclientprotocol/sdk/experimental/v2'
import { assemble, toNative, type AssistantMessage } from '../../src/index.ts'
import { content, inShort, told } from '../dialects/acp-wire.ts'

const SDK = 'node_modules/@agentclientprotocol/sdk/package.json'
const whyNot = existsSync(SDK) ? '' : ` (skipped: ${SDK} is not installed)`

const V1_AGENT = `
import { Readable, Writable } from 'node:stream'
import * as acp from '@agentclientprotocol/sdk'
const { agent: on, client } = acp.methods
const history = []
acp
  .agent({ name: 'small' })
  .onRequest(on.initialize, () => ({ protocolVersion: 1, agentCapabilities: { loadSession: true } }))
  .onRequest(on.session.new, () => ({ sessionId: 'sess_1' }))
  .onRequest(on.session.load, async (ctx) => {
    for (const update of history) await ctx.client.notify(client.session.update, { sessionId: ctx.params.sessionId, update })
    return {}
  })
  .onRequest(on.session.prompt, async (ctx) => {
    const { sessionId, prompt } = ctx.params
    const say = async (update) => {
      history.push(update)
      await ctx.client.notify(client.session.update, { sessionId, update })
    }
    const text = (sessionUpdate, text) => say({ sessionUpdate, content: { type: 'text', text } })
    const asked = prompt[0].text
    history.push({ sessionUpdate: 'user_message_chunk', content: prompt[0] })
    if (asked === 'fail') throw acp.RequestError.internalError({ details: 'no provider' })
    if (asked !== 'look') {
      await text('agent_message_chunk', 'You said ')
      await text('agent_message_chunk', asked + '.')
      return { stopReason: 'end_turn' }
    }
    const toolCallId = 'call_' + history.length
    await text('agent_thought_chunk', 'I must look.')
    await text('agent_message_chunk', 'Let me ')
    await text('agent_message_chunk', 'look: 東京 🗼')
    await say({ sessionUpdate: 'plan', entries: [{ content: 'Look', priority: 'high', status: 'in_progress' }] })
    await say({ sessionUpdate: 'tool_call', toolCallId, title: 'Read a', kind: 'read', status: 'pending', rawInput: {} })
    const permission = await ctx.client.request(client.session.requestPermission, {
      sessionId,
      toolCall: { toolCallId },
      options: [{ optionId: 'yes', name: 'Yes', kind: 'allow_once' }],
    })
    await say({ sessionUpdate: 'tool_call_update', toolCallId, status: 'in_progress', rawInput: { path: '/a' } })
    const content = [{ type: 'content', content: { type: 'text', text: permission.outcome.outcome } }]
    await say({ sessionUpdate: 'tool_call_update', toolCallId, status: 'completed', content })
    await text('agent_message_chunk', 'Done.')
    return { stopReason: 'end_turn' }
  })
  .onNotification(on.session.cancel, () => {})
  .connect(acp.ndJsonStream(Writable.toWeb(process.stdout), Readable.toWeb(process.stdin)))
`

const V2_AGENT = `
import { Readable, Writable } from 'node:stream'
import * as acp from '@agentclientprotocol/sdk/experimental/v2'
const { agent: on, client } = acp.methods
acp
  .agent({ name: 'small' })
  .onRequest(on.initialize, () => ({ protocolVersion: 2, info: { name: 'small', version: '1' }, capabilities: { session: {} } }))
  .onRequest(on.session.new, () => ({ sessionId: 'sess_2' }))
  .onRequest(on.session.prompt, (ctx) => {
    const { sessionId, prompt } = ctx.params
    const work = async () => {
      const say = (update) => ctx.client.notify(client.session.update, { sessionId, update })
      const text = (sessionUpdate, messageId, text) => say({ sessionUpdate, messageId, content: { type: 'text', text } })
      await say({ sessionUpdate: 'user_message', messageId: 'u1', content: prompt })
      await say({ sessionUpdate: 'state_update', state: 'running' })
      await text('agent_thought_chunk', 't1', 'Hm')
      await text('agent_message_chunk', 'm1', 'Hel')
      await text('agent_thought_chunk', 't1', 'm.')
      await say({ sessionUpdate: 'tool_call_update', toolCallId: 'c1', title: 'Run', kind: 'execute', rawInput: { cmd: 'ls' } })
      const item = (text) => ({ type: 'content', content: { type: 'text', text } })
      await say({ sessionUpdate: 'tool_call_content_chunk', toolCallId: 'c1', content: item('a') })
      await say({ sessionUpdate: 'tool_call_content_chunk', toolCallId: 'c1', content: item('b') })
      await say({ sessionUpdate: 'tool_call_update', toolCallId: 'c1', status: 'completed' })
      await text('agent_message_chunk', 'm2', 'Bye')
      await say({ sessionUpdate: 'agent_message', messageId: 'm1', content: [{ type: 'text', text: 'Hello' }] })
      await say({ sessionUpdate: 'state_update', state: 'idle', stopReason: 'end_turn' })
    }
    void work()
    return { messageId: 'u1' }
  })
  .connect(acp.ndJsonStream(Writable.toWeb(process.stdout), Readable.toWeb(process.stdin)))
`

interface Connection {
  readonly output: WritableStream<Uint8Array>
  readonly input: ReadableStream<Uint8Array>
  /** What the agent wrote, in pieces as it came. */
  readonly fromAgent: Uint8Array[]
  /** The lines of both directions, in the order in which they passed. */
  readonly both: string[]
}

/** Runs an agent in a process of its own for as long as the client has something to say to it. */
async function withAgent(script: string, drive: (connection: Connection) => Promise<void>): Promise<Connection> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const closed = new Promise((resolve) => child.once('close', resolve))
  const fromAgent: Uint8Array[] = []
  const both: string[] = []
  const heard = new TextDecoder()
  const spoken = new TextDecoder()
  let line = ''
  const input = Readable.toWeb(child.stdout).pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(bytes, controller) {
        fromAgent.push(bytes)
        line += heard.decode(bytes, { stream: true })
        const lines = line.split('\n')
        line = lines.pop() ?? ''
        both.push(...lines)
        controller.enqueue(bytes)
      },
    }),
  )
  const stdin = Writable.toWeb(child.stdin).getWriter()
  const output = new WritableStream<Uint8Array>({
    async write(bytes) {
      both.push(spoken.decode(bytes, { stream: true }).trimEnd())
      await stdin.write(bytes)
    },
  })
  const connection = { output, input, fromAgent, both }
  try {
    await drive(connection)
  } finally {
    child.kill()
    await closed
  }
  return connection
}

/** What a turn's messages say, without what the transport shows of them. */
function meaningOf(messages: readonly AssistantMessage[]): unknown[] {
  return messages.map(({ response: _response, timing: _timing, ...message }) => message)
}

const DONE = JSON.stringify([content('selected')])
const LOOKED = (id: string): string[][] => [
  ['(I must look.)', 'Let me look: 東京 🗼', `${id} Read a {"path":"/a"} complete`, `${id} => ${DONE}`],
  ['Done.'],
]

describe.skipIf(whyNot !== '')(`an agent over stdio, driven by the SDK${whyNot}`, () => {
  it('gives the same messages from the SDK’s events, from its bytes and from both directions', async () => {
    const ofEvents: AssistantMessage[][] = []
    const texts: string[] = []
    const { fromAgent, both } = await withAgent(V1_AGENT, async ({ output, input }) => {
      const app = v1.client({ name: 'test' }).onRequest(v1.methods.client.session.requestPermission, () => ({
        outcome: { outcome: 'selected', optionId: 'yes' },
      }))
      await app.connectWith(v1.ndJsonStream(output, input), async (ctx) => {
        await ctx.request(v1.methods.agent.initialize, { protocolVersion: 1, clientCapabilities: {} })
        await ctx.buildSession('/').withSession(async (session) => {
          for (const asked of ['look', 'hello', 'look']) {
            const answered = session.prompt(asked)
            const updates = async function* (): AsyncGenerator<object> {
              for (;;) {
                const one = await session.nextUpdate()
                yield one
                if (one.kind === 'stop') return
              }
            }
            const turn = assemble(updates())
            ofEvents.push([...(await turn.messages())])
            const { stopReason } = await answered
            expect(ofEvents.at(-1)?.at(-1)?.stop.raw).toBe(stopReason)
          }
          void session.prompt('bye')
          texts.push(await session.readText())
        })
      })
    })
    expect(ofEvents.map(told)).toEqual([LOOKED('call_1'), [['You said hello.']], LOOKED('call_13')])
    expect(texts).toEqual(['You said bye.'])
    const all = [...LOOKED('call_1'), ['You said hello.'], ...LOOKED('call_13'), ['You said bye.']]
    const ofBoth = await assemble(both.map((line) => `${line}\n`)).messages()
    expect(told(ofBoth)).toEqual(all)
    expect(ofBoth.map(({ outcome, stop }) => [outcome.kind, stop.raw])).toEqual([
      ['complete', null],
      ['complete', 'end_turn'],
      ['complete', 'end_turn'],
      ['complete', null],
      ['complete', 'end_turn'],
      ['complete', 'end_turn'],
    ])
    expect(ofBoth.flatMap(({ anomalies }) => anomalies)).toEqual([])
    const ofBytes = await assemble(fromAgent).messages()
    expect(meaningOf(ofBytes)).toEqual(meaningOf(ofBoth))
    // Chunks are joined, and what the updates of a call said is one notification and its result: 5 + 1, 1, 5 + 1, 1.
    expect(toNative(ofBoth)).toHaveLength(14)
  })

  it('quirk 6.21: gives no message of the history that a real agent sends when its session is loaded', async () => {
    const { both } = await withAgent(V1_AGENT, async ({ output, input }) => {
      await v1.client({ name: 'test' }).connectWith(v1.ndJsonStream(output, input), async (ctx) => {
        const { agent } = v1.methods
        await ctx.request(agent.initialize, { protocolVersion: 1, clientCapabilities: {} })
        const { sessionId } = await ctx.request(agent.session.new, { cwd: '/', mcpServers: [] })
        const ask = (text: string): Promise<unknown> =>
          ctx.request(agent.session.prompt, { sessionId, prompt: [{ type: 'text', text }] })
        await ask('one')
        await ask('two')
        await ctx.request(agent.session.load, { sessionId, cwd: '/', mcpServers: [] })
        await ask('three')
        await expect(ask('fail')).rejects.toThrow('Internal error')
      })
    })
    expect(both.filter((line) => line.includes('You said '))).toHaveLength(3 + 2)
    const messages = await assemble(both.map((line) => `${line}\n`)).messages()
    expect(told(messages)).toEqual([['You said one.'], ['You said two.'], ['You said three.'], []])
    expect(messages.map(({ outcome }) => outcome.kind)).toEqual(['complete', 'complete', 'complete', 'failed'])
    expect(messages[3]?.outcome).toMatchObject({ error: { message: 'Internal error' } })
  })

  it('version 2: the turn ends when the agent is idle, not when the prompt is taken', async () => {
    const updates: object[] = []
    const { fromAgent, both } = await withAgent(V2_AGENT, async ({ output, input }) => {
      await new Promise<void>((resolve, reject) => {
        const app = v2.client({ name: 'test' }).onNotification(v2.methods.client.session.update, ({ params }) => {
          updates.push(params)
          if ('state' in params.update && params.update.state === 'idle') resolve()
        })
        const { agent } = app.connect(v2.ndJsonStream(output, input))
        const drive = async (): Promise<void> => {
          const { agent: methods } = v2.methods
          await agent.request(methods.initialize, {
            protocolVersion: 2,
            info: { name: 'test', version: '1' },
            capabilities: {},
          })
          const { sessionId } = await agent.request(methods.session.new, { cwd: '/' })
          await agent.request(methods.session.prompt, { sessionId, prompt: [{ type: 'text', text: 'hi' }] })
        }
        drive().catch(reject)
      })
    })
    // The call stands with the words before it.
    const items = JSON.stringify(['a', 'b'].map(content))
    const expected = [['(Hmm.)', 'c1 Run {"cmd":"ls"} complete', `c1 => ${items}`], ['Hello'], ['Bye']]
    for (const source of [updates, fromAgent, both.map((line) => `${line}\n`)]) {
      const messages = await assemble(source).messages()
      expect(messages.map((message) => message.content.map(inShort))).toEqual(expected)
      expect(messages.map(({ id, outcome }) => [id, outcome.kind])).toEqual([
        ['t1', 'complete'],
        ['m1', 'complete'],
        ['m2', 'complete'],
      ])
      expect(messages.at(-1)?.stop.raw).toBe('end_turn')
    }
  })
})
