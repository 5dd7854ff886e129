/**
 * Starts one of the clients in its own HOME: `node launch.mjs KEY CACHE HOME CWD`. Run by `onefold record` and `onefold
 * replay`, so that it finds the server where they say it: in the variable that the client, or its configuration, uses.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { CLIENTS } from './clients.mjs'

const [key, cache, home, cwd] = process.argv.slice(2)
const client = CLIENTS.find((entry) => entry.key === key)
const base = process.env[client.family]
if (base === undefined) throw new Error(`${client.family} is not set`)

for (const folder of [home, cwd]) mkdirSync(folder, { recursive: true })
for (const [name, text] of Object.entries(client.files({ base, home }))) {
  mkdirSync(dirname(join(home, name)), { recursive: true })
  writeFileSync(join(home, name), text)
}

const path = [join(cache, 'node', 'node_modules', '.bin'), process.env.PATH].join(delimiter)
// Set where no network namespace can be had: a proxy that is not there.
const proxies = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.endsWith('_PROXY')))
const env = {
  PATH: path,
  HOME: home,
  TMPDIR: join(home, 'tmp'),
  XDG_CONFIG_HOME: join(home, '.config'),
  XDG_DATA_HOME: join(home, '.local/share'),
  XDG_CACHE_HOME: join(home, '.cache'),
  XDG_STATE_HOME: join(home, '.local/state'),
  LANG: 'C.UTF-8',
  SHELL: '/bin/bash',
  TERM: 'dumb',
  [client.family]: base,
  ...proxies,
  ...client.env({ base, home }),
}
mkdirSync(env.TMPDIR, { recursive: true })
const child = spawn(join(cache, client.key, 'node_modules', '.bin', client.bin), client.args(), {
  cwd,
  env,
  stdio: ['ignore', 'inherit', 'inherit'],
})
child.once('error', (error) => {
  process.stderr.write(`launch: ${error.message}\n`)
  process.exitCode = 127
})
child.once('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
