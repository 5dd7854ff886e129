/** `onefold replay`: recordings served to any client that takes a base URL. */
import { parseArgs } from 'node:util'
import { counted } from '../compare/units.ts'
import { MisuseError } from '../errors.ts'
import { noteLine, runCommand, untilStopped } from '../node/child.ts'
import { startReplay, type ReplayedRequest, type ReplayServer } from '../node/replay-server.ts'
import { openRecordings } from '../node/stored-file.ts'
import type { SpoilOptions } from '../recording/faults/spoil.ts'
import { faultPlan } from '../recording/faults/plans.ts'
import { MATCH_BY, type MatchBy } from '../recording/matching.ts'
import type { Command, Console } from './command.ts'
import { readFault, readSeed } from './faults.ts'
import { preview } from './terminal.ts'

const usage = `onefold replay DIR|FILE… [-- COMMAND ARGS…]

Serves recordings (and .sse, .ndjson and JSON bodies) on 127.0.0.1 to any client that takes a base URL. With a command: runs it with the
variables set that the known clients read, and gives its exit code; else serves until Ctrl-C.

  --port N          where to listen (one that is free)
  --speed N         N times as fast as it was recorded; recorded (the default) or max, which waits for nothing
  --match HOW       which recording answers: auto (the default), hash, path or order; docs/recordings.md tells how each chooses
  --loop            once all that fit were used, they are used anew
  --fault PLAN[@N]  breaks every streamed answer that the plan fits, there or at a place that the seed chooses
  --seed N          which place, and what else the plan leaves open (0)
  --times N         breaks only the first N answers
  --log             a line per request: which recording answered it, why, and how it ended
  --json            the same as JSON, one object a line

What no recording answers is refused with 404 and a message that says what was asked and what there is. Clients of 127.0.0.1 need a key, but
any text will do. onefold fold FILE --fault list names the plans.`

async function run(args: readonly string[], console: Console): Promise<number> {
  const at = args.includes('--') ? args.indexOf('--') : args.length
  const command = args.slice(at + 1)
  const { values, positionals } = parseArgs({
    args: args.slice(0, at),
    allowPositionals: true,
    options: {
      port: { type: 'string' },
      speed: { type: 'string' },
      match: { type: 'string' },
      loop: { type: 'boolean' },
      fault: { type: 'string' },
      seed: { type: 'string' },
      times: { type: 'string' },
      log: { type: 'boolean' },
      json: { type: 'boolean' },
    },
  })
  if (positionals.length === 0) throw new MisuseError('bad_argument', 'name the folder or the files to replay')
  if (at < args.length && command.length === 0) throw new MisuseError('bad_argument', 'name the command behind --')
  const fault = faultOf(values)
  const recordings = await openRecordings(positionals, console.complain)
  // A command prints its own answer, which must not be mixed up with the log.
  const print = command.length === 0 ? console.print : noteLine
  const tally = { requests: 0, missing: 0, used: new Set<string>() }
  const server = await startReplay({
    recordings,
    port: portOf(values.port),
    pace: paceOf(values.speed),
    match: matchOf(values.match),
    loop: values.loop === true,
    ...(fault === undefined ? {} : { fault }),
    onRequest: (request) => {
      tally.requests += 1
      if (request.recording !== undefined) tally.used.add(request.recording)
      else if (request.ended === 'refused') tally.missing += 1
      if (values.json) print(JSON.stringify({ time: new Date().toISOString(), ...request }))
      else if (values.log) print(lineOf(request, console))
      else if (request.ended === 'refused' || request.damage !== undefined) console.complain(request.why)
    },
  })
  const { env } = server
  try {
    if (command.length > 0) return await runCommand(command, env)
    print(values.json ? JSON.stringify({ url: server.url, recordings: recordings.length, env }) : helloOf(server, env))
    await untilStopped()
    return 0
  } finally {
    await server.close()
    if (!values.json) {
      const missing = tally.missing === 0 ? '' : `; ${tally.missing} that no recording answers`
      print(
        `replayed ${tally.used.size} of ${counted(recordings.length, 'recording')} in ${counted(tally.requests, 'request')}${missing}`,
      )
    }
  }
}

function helloOf({ url, dialects }: ReplayServer, env: Readonly<Record<string, string>>): string {
  const all = [...dialects].map(([dialect, number]) => `${number} ${dialect}`).join(', ')
  const variables = Object.entries(env).map(([name, value]) => `  ${name}=${value}`)
  return [`replaying ${all} at ${url}; Ctrl-C ends it`, ...variables].join('\n')
}

function lineOf(request: ReplayedRequest, { paint }: Console): string {
  const { method, path, model, status, ended, why, recording } = request
  const time = new Date().toISOString().slice(11, 23)
  const asked = [method, preview(path, 60), model === undefined ? undefined : preview(model, 40)]
    .filter(Boolean)
    .join(' ')
  const which = recording === undefined ? preview(why, 400) : `${preview(recording, 200)} (${preview(why, 200)})`
  const line = `${time} ${asked} → ${status} ${which}, ${ENDINGS[ended]}`
  return ended === 'refused' || ended === 'reset' ? paint('red', line) : line
}

const ENDINGS: Readonly<Record<ReplayedRequest['ended'], string>> = {
  eof: 'whole',
  reset: 'broken off',
  abort: 'broken off where the recorded client gave up',
  client_left: 'the client left',
  refused: 'nothing served',
}

function faultOf(values: { fault?: string; seed?: string; times?: string }): SpoilOptions | undefined {
  if (values.fault === undefined) {
    const alone = values.seed === undefined ? (values.times === undefined ? undefined : '--times') : '--seed'
    if (alone !== undefined) throw new MisuseError('bad_argument', `${alone} goes with --fault`)
    return undefined
  }
  const { name, place } = readFault(values.fault)
  if (name === 'list') {
    throw new MisuseError('bad_argument', '--fault list: onefold fold FILE --fault list says which plans fit')
  }
  return {
    plan: faultPlan(name),
    seed: readSeed(values.seed),
    ...(place === undefined ? {} : { place }),
    ...(values.times === undefined ? {} : { times: wholeNumber('--times', values.times) }),
  }
}

function portOf(text: string | undefined): number {
  const port = text === undefined ? 0 : wholeNumber('--port', text)
  if (port <= 65_535) return port
  throw new MisuseError('bad_argument', `--port ${text}: ports go up to 65535`)
}

function wholeNumber(option: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new MisuseError('bad_argument', `${option} ${text}: it must be a whole number, 0 or more`)
}

/** What recorded gaps are multiplied with. */
function paceOf(speed = 'recorded'): number {
  if (speed === 'recorded') return 1
  if (speed === 'max') return 0
  const times = /^\d+(\.\d+)?$/.test(speed) ? Number(speed) : 0
  if (times > 0) return 1 / times
  throw new MisuseError('bad_argument', `--speed ${speed}: it must be recorded, max or a number above 0`)
}

function matchOf(text = 'auto'): MatchBy {
  const match = MATCH_BY.find((name) => name === text)
  if (match !== undefined) return match
  throw new MisuseError('bad_argument', `--match ${text}: it must be one of ${MATCH_BY.join(', ')}`)
}

export const replayCommand: Command = { usage, run }
