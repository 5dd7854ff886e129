/**
 * Whole programs, end to end: `npm run e2e:clients`. Each client is installed from npm, asked a question whose answer needs
 * its shell, once in front of an emulator and recorded by `onefold record`, once more, in a fresh HOME and another folder,
 * in front of `onefold replay`, which must make it print the same. Nothing reaches another machine after the installation: all
 * runs stand in a network namespace with a loopback device only, where the system allows that. Writes results.json, of which
 * `npm run docs` makes the table in docs/clients.md.
 *
 *   --client KEY   only this one; writes nothing. May be repeated
 *   --cache DIR    where the clients are installed; default: onefold-clients in the system's folder for temporary files
 *   --work DIR     where the runs take place; default: a new folder for temporary files, removed if all went well
 *   --show         prints what the programs printed
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CLIENTS } from './clients.mjs'
import { tryClient } from './trial.mjs'

/** What runs the clients that are programs for Node. */
const NODE = { key: 'node', package: 'node', version: '24.21.0' }
/** Without `ip`, the device is switched on by the call that `ip` makes: SIOCSIFFLAGS with IFF_UP. */
const LOOPBACK_UP =
  'ip link set lo up 2>/dev/null || ifconfig lo up 2>/dev/null || ' +
  `python3 -c 'import fcntl,socket,struct; fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh14x", b"lo", 1))'`
const INSIDE = 'ONEFOLD_CLIENTS_INSIDE'

const { values } = parseArgs({
  options: {
    client: { type: 'string', multiple: true },
    cache: { type: 'string' },
    work: { type: 'string' },
    show: { type: 'boolean', default: false },
  },
})
const cache = resolve(values.cache ?? join(tmpdir(), 'onefold-clients'))
const clients = CLIENTS.filter(({ key }) => values.client === undefined || values.client.includes(key))
const unknown = values.client?.filter((key) => !CLIENTS.some((client) => client.key === key)) ?? []
if (unknown.length > 0) {
  console.error(`no client ${unknown.join(', ')}; there are ${CLIENTS.map(({ key }) => key).join(', ')}`)
  process.exit(2)
}

if (process.env[INSIDE] === undefined) {
  const blocked = await installAll()
  process.exitCode = await runInside(blocked)
} else {
  process.exitCode = await tryAll(JSON.parse(process.env[INSIDE]))
}

/** Installs what is not there yet; gives, by key, why something could not be. */
async function installAll() {
  const blocked = {}
  for (const { key, ...wanted } of [NODE, ...clients]) {
    const folder = join(cache, key)
    if (installedVersion(folder, wanted.package) === wanted.version) continue
    console.log(`installing ${wanted.package} ${wanted.version}`)
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{"private":true}\n')
    const args = ['install', '--no-audit', '--no-fund', '--save-exact', `${wanted.package}@${wanted.version}`]
    const npm = spawnSync('npm', args, { cwd: folder, encoding: 'utf8' })
    if (npm.status !== 0) blocked[key] = `npm cannot install it: ${lastErrorOf(npm.stderr)}`
  }
  return blocked
}

function installedVersion(folder, name) {
  const file = join(folder, 'node_modules', name, 'package.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : undefined
}

const lastErrorOf = (text) => text.split('\n').findLast((line) => line.startsWith('npm error')) ?? 'it does not say why'

/** Runs this file again, in a network namespace of its own if that can be had. */
async function runInside(blocked) {
  const again = [fileURLToPath(import.meta.url), ...process.argv.slice(2)]
  const env = { ...process.env, [INSIDE]: JSON.stringify(blocked) }
  for (const flags of ['-n', '-rn']) {
    if (spawnSync('unshare', [flags, 'sh', '-c', LOOPBACK_UP]).status !== 0) continue
    const script = `{ ${LOOPBACK_UP}; } && exec "$0" "$@"`
    return exitOf(spawn('unshare', [flags, 'sh', '-c', script, process.execPath, ...again], { stdio: 'inherit', env }))
  }
  console.log('no network namespace can be made here: the clients are only told to stay on this machine')
  // A proxy that is not there, for all but loopback.
  const nowhere = 'http://127.0.0.1:9'
  const proxies = { HTTP_PROXY: nowhere, HTTPS_PROXY: nowhere, ALL_PROXY: nowhere, NO_PROXY: '127.0.0.1,localhost' }
  return exitOf(spawn(process.execPath, again, { stdio: 'inherit', env: { ...env, ...proxies } }))
}

function exitOf(child) {
  return new Promise((done, fail) => child.once('error', fail).once('exit', (code) => done(code ?? 1)))
}

async function tryAll(blocked) {
  const isIsolated = Object.keys(networkInterfaces()).every((name) => name === 'lo')
  const work = values.work === undefined ? mkdtempSync(join(tmpdir(), 'onefold-e2e-')) : resolve(values.work)
  const rows = []
  for (const client of clients) {
    process.stdout.write(`${client.name} ${client.version} … `)
    const folder = join(work, client.key)
    rmSync(folder, { recursive: true, force: true })
    const reason = blocked[client.key] ?? (client.node === undefined ? undefined : blocked.node)
    const result =
      reason === undefined ? await tryClient(client, { cache, work: folder }) : { outcome: `blocked: ${reason}` }
    const { printed, ...row } = result
    rows.push({ ...aboutOf(client), ...row })
    console.log(row.outcome)
    if (printed !== undefined && (values.show || row.outcome !== 'same answer')) console.log(printed)
  }
  const isWhole = values.client === undefined
  if (isWhole) {
    const result = {
      date: new Date().toISOString().slice(0, 10),
      platform: `${process.platform}-${process.arch}`,
      node: process.version,
      nodeOfClients: NODE.version,
      network: isIsolated ? 'loopback only' : 'not isolated',
      clients: rows,
    }
    writeFileSync(new URL('results.json', import.meta.url), `${JSON.stringify(result, null, 2)}\n`)
    console.log('written: test/clients/results.json; `npm run docs` makes the table in docs/clients.md of it')
  }
  const isFine = rows.every(({ outcome }) => outcome === 'same answer')
  if (isFine && values.work === undefined) rmSync(work, { recursive: true, force: true })
  else console.log(`the recordings and what was printed: ${work}`)
  return isFine ? 0 : 1
}

function aboutOf({ key, name, package: from, version, api }) {
  return { key, name, package: from, version, api }
}
