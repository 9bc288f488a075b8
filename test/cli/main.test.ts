import assert from 'node:assert/strict'
import {execFile} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {promisify} from 'node:util'
import {describe, it} from 'mocha'
import {runCli} from '../../src/cli/cli.ts'
import {packageRoot} from '../../src/paths.ts'
import {fakeIo} from '../support/io.ts'

const main = join(import.meta.dirname, '../../src/cli/main.js')

describe('the detector command', () => {
  it('listens for SIGUSR1 before it loads anything', () => {
    const source = readFileSync(join(packageRoot, 'src/cli/main.ts'), 'utf8')
    const statements = source.split('\n').filter(line => line !== '' && !/^(#!|\/\/)/.test(line))
    assert.equal(statements[0], "process.on('SIGUSR1', () => {})")
    assert.doesNotMatch(source, /^import /m)
  })

  it('opens no debugger port on SIGUSR1 as soon as its first statement has run', async () => {
    // Loaded before the program: sends the signal the moment somebody listens for it.
    const preload = `
      const on = process.on
      process.on = function (name, ...rest) {
        on.call(this, name, ...rest)
        if (name === 'SIGUSR1') {
          process.kill(process.pid, 'SIGUSR1')
          console.error('sent')
        }
        return this
      }`
    const hook = `--import=data:text/javascript,${encodeURIComponent(preload)}`
    const {stderr} = await promisify(execFile)(process.execPath, [hook, main, 'version'])
    assert.equal(stderr, 'sent\n')
  })

  it('ends with the exit code of the command', async () => {
    const {stdout} = await promisify(execFile)(process.execPath, [main, 'version'])
    assert.match(stdout, /^detector /)
    await assert.rejects(promisify(execFile)(process.execPath, [main, 'nonsense']), {code: 2})
  })

  it('stays quiet when the reader of its output goes away', async () => {
    const command = '"$0" "$1" list fields | head -n 1; echo "$PIPESTATUS"'
    const run = promisify(execFile)('bash', ['-c', command, process.execPath, main])
    const {stdout, stderr} = await run
    assert.equal(stderr, '')
    assert.equal(stdout.trim().split('\n').at(-1), '0')
  })

  it('hands on all of its output to a reader that begins late', async () => {
    // More than a pipe holds. The reader has to be later than the end of the program would be.
    const script = '"$0" "$1" list fields --json | { sleep 0.5; wc -c; }'
    const run = promisify(execFile)('bash', ['-c', script, process.execPath, main])
    const io = fakeIo()
    await runCli(['list', 'fields', '--json'], io)
    const wanted = Buffer.byteLength(io.out())
    assert.ok(wanted > 65_536)
    assert.equal(Number((await run).stdout), wanted)
  })
})
