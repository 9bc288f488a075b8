import {type ChildProcess, spawn, spawnSync} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import {type AddressInfo, createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {eventually} from './eventually.ts'

/** A redis-server of the test's own on the loopback. */
export interface RedisProcess {
  readonly port: number
  readonly child: ChildProcess
  /** Ends it at once and removes its folder. */
  stop(): Promise<void>
}

/** Whether there is a redis-server to start. */
export function hasRedis(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0
}

/** Starts a redis-server with the given options on the port, or on a free one. */
export async function startRedis(
  options: readonly string[] = [],
  wanted?: number,
): Promise<RedisProcess> {
  const port = wanted ?? (await freePort())
  const folder = mkdtempSync(join(tmpdir(), 'redis-'))
  const child = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, ...options],
    {stdio: ['ignore', 'pipe', 'ignore']},
  )
  let printed = ''
  child.stdout.on('data', chunk => {
    printed += String(chunk)
  })
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  await eventually(() => printed.includes('Ready to accept connections'), {what: 'redis-server'})
  return {
    port,
    child,
    async stop() {
      child.kill('SIGKILL')
      await exited
      rmSync(folder, {recursive: true, force: true})
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const {port} = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}
