/** One client: recorded in front of the emulator, replayed to a fresh run, and what of it was the same. */
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readRecording } from '../../dist/index.js'
import { KEY } from './clients.mjs'
import { startEmulator } from './emulator.mjs'

const ONEFOLD = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const LAUNCH = fileURLToPath(new URL('launch.mjs', import.meta.url))
/** Most need some seconds; a busy machine more. */
const GIVES_UP_AFTER_MS = 180_000

/** What is found, with `outcome`: `same answer`, or the first thing that went wrong; and all that was printed. */
export async function tryClient(client, { cache, work }) {
  const quote = `marker ${randomInt(1000, 10_000)}`
  const recordings = join(work, 'recordings')
  mkdirSync(recordings, { recursive: true })
  // The second run knows nothing of the first: another HOME, and another folder with another name at another depth.
  const places = {
    record: { home: join(work, 'first', 'home'), cwd: join(work, 'first', 'project') },
    replay: { home: join(work, 'second', 'user'), cwd: join(work, 'second', 'deeper', 'other-name_2') },
  }
  const launch = ({ home, cwd }) => [process.execPath, LAUNCH, client.key, cache, home, cwd]

  const emulator = await startEmulator({
    call: { name: client.tool.name, args: client.tool.args(`echo '${quote}' | tee -a marker.txt`), quote },
  })
  const { asked } = emulator
  const first = await run(
    ['record', '--upstream', emulator.url, '--out', recordings, '--', ...launch(places.record)],
    work,
  )
  await emulator.close()
  const second = await run(['replay', recordings, '--json', '--', ...launch(places.replay)], work)

  const files = readdirSync(recordings).toSorted()
  const answers = [first, second].map(({ stdout }) => client.answerOf(stdout))
  const toolRuns = [places.record, places.replay].map(({ cwd }) => linesIn(join(cwd, 'marker.txt'), quote))
  const log = logIn(second.stderr)
  const used = new Set(log.flatMap(({ recording }) => (recording === undefined ? [] : [basename(recording)])))
  const printed = [first, second]
    .map(({ code, stdout, stderr }) => `--- exit ${code}, printed:\n${stdout}--- and besides:\n${stderr}`)
    .join('\n')
  writeFileSync(join(work, 'printed.txt'), printed)
  return {
    outcome: outcomeOf(),
    requests: countsOf(asked.map(({ kind }) => kind)),
    recordings: files.length,
    replayed: files.filter((file) => used.has(file)).length,
    knownByHash: log.filter(({ why }) => why.startsWith('the same question')).length,
    toolRuns,
    answer: answers[0].replaceAll(quote, 'marker N'),
    printed,
  }

  function outcomeOf() {
    if (first.code !== 0) return `the recorded run failed: exit ${first.code}`
    if (!answers[0].includes(`The shell says “${quote}” → done ✓`)) return 'the recorded run did not print the answer'
    const fault = faultOf(files, asked, recordings)
    if (fault !== undefined) return fault
    if (second.code !== 0) return `the replayed run failed: exit ${second.code}`
    if (answers[1] !== answers[0]) return 'the replayed run printed something else'
    if (toolRuns.some((count) => count !== 1)) return `the command ran ${toolRuns.join(' and ')} times`
    const unused = files.filter((file) => !used.has(file))
    if (unused.length > 0) return `not replayed: ${unused.join(', ')}`
    // Codex hangs up as soon as it has the last event.
    const bad = log.find(({ ended }) => ended === 'refused' || ended === 'reset')
    return bad === undefined ? 'same answer' : `${bad.method} ${bad.path} in the replayed run: ${bad.why}`
  }
}

/** What is wrong with the recordings: each response once, with the bytes that were sent, and without the key. */
function faultOf(files, asked, folder) {
  if (files.length !== asked.length) return `${asked.length} responses, but ${files.length} recordings`
  const unsent = files.find((file) => {
    const { chunks, ending } = readRecording(readFileSync(join(folder, file)), { name: file })
    const bytes = Buffer.concat(chunks.map((chunk) => chunk.bytes))
    // A client that hangs up early was not sent the rest.
    const isIt = ({ sent }) =>
      sent.equals(bytes) || (ending === 'abort' && sent.subarray(0, bytes.length).equals(bytes))
    return !asked.some(isIt)
  })
  if (unsent !== undefined) return `${unsent} has other bytes than were sent`
  const holder = files.find((file) => readFileSync(join(folder, file)).includes(KEY))
  return holder === undefined ? undefined : `the key stands in ${holder}`
}

function countsOf(kinds) {
  const counts = {}
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

/** The lines of `onefold replay --json`, among whatever else the client complained of. */
function logIn(text) {
  return text.split('\n').flatMap((line) => {
    if (!line.startsWith('{"time":')) return []
    try {
      return [JSON.parse(line)]
    } catch {
      return []
    }
  })
}

/** Runs onefold; gives its exit code and all that it and the client printed. */
async function run(args, cwd) {
  const child = spawn(process.execPath, [ONEFOLD, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const printed = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8').on('data', (text) => (printed[name] += text))
  }
  // The whole group: a client that hangs has children of its own.
  const giveUp = () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL')
  const timer = setTimeout(giveUp, GIVES_UP_AFTER_MS)
  const code = await new Promise((done, fail) =>
    child.once('error', fail).once('close', (status, signal) => done(status ?? signal)),
  )
  clearTimeout(timer)
  return { code, ...printed }
}

function textIn(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

const linesIn = (file, line) =>
  textIn(file)
    .split('\n')
    .filter((text) => text === line).length
