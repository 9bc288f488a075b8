import assert from 'node:assert/strict'
import {execFileSync, spawn} from 'node:child_process'
import {once} from 'node:events'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {runBpfObject} from '../../../src/cli/commands/bpf-object.ts'
import {readObject} from '../../../src/cli/commands/object-file.ts'
import {packageRoot} from '../../../src/paths.ts'
import {listObjects} from '../../../src/sensor/bpf-syscall.ts'
import {readKernelBtf} from '../../../src/sensor/kernel-btf.ts'
import {loadObject} from '../../../src/sensor/object/load.ts'
import {type Objects, objectFolder, requireClang} from '../../support/compile-bpf.ts'
import {requireLive} from '../../support/live.ts'

describe('detector bpf on object files', () => {
  let objects: Objects

  before(function () {
    requireLive(this, {feature: 'loading object files'})
    requireClang(this)
    objects = objectFolder()
  })
  after(() => objects?.remove())

  const output = async (action: string, path: string): Promise<{code: number; text: string}> => {
    const chunks: string[] = []
    const io = {
      stdout: (text: string) => void chunks.push(text),
      stderr: () => {},
      readInput: async () => '',
      isTerminal: false,
      env: {},
    }
    const args = {action, path, json: false, quiet: true, kernel: true, durationMs: undefined}
    return {code: await runBpfObject(args, io), text: chunks.join('')}
  }

  it('prints a line for a started program, and leaves nothing behind', async function () {
    this.timeout(30_000)
    const object = objects.compile('examples/hello/hello.bpf.c')
    const main = join(packageRoot, distFolder(), 'src/cli/main.js')
    const child = spawn(process.execPath, [main, 'bpf', 'run', object])
    let text = ''
    let told = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    const attached = new Promise<void>((resolve, reject) => {
      child.stderr.on('data', (chunk: Buffer) => {
        told += chunk.toString()
        if (told.includes('attached: tracepoint/syscalls/sys_enter_execve')) resolve()
      })
      child.on('exit', () => reject(new Error(`ended: ${told}`)))
    })
    attached.catch(() => {})
    await attached
    execFileSync('/bin/true')
    child.kill('SIGINT')
    const [code] = await once(child, 'close')
    assert.equal(code, 0, told)
    assert.match(text, /bpf_trace_printk: Hello, BPF World!\n/)
    assert.ok(!listObjects('program').some(({name}) => name === 'hello'))
  })

  it('tells what the kernel accepts, and where and why it rejects', async () => {
    const {code, text} = await output('verify', objects.compile('test/testdata/bpf/refused.bpf.c'))
    assert.equal(code, 1)
    assert.match(text, /^accept good \(raw_tp\/sys_exit\) by kernel$/m)
    assert.match(
      text,
      /^reject bad \(raw_tp\/sys_exit\) by kernel at instruction \d+: R0 invalid mem access/m,
    )
  })

  it('runs an iterator once and ends', async () => {
    const {code, text} = await output('run', objects.compile('test/testdata/bpf/iter.bpf.c'))
    assert.equal(code, 0)
    assert.match(text, /^(a map\n)*$/)
  })

  it('prints the contents of a loaded map by its types', async () => {
    const loaded = loadObject(
      readObject(objects.compile('test/testdata/bpf/maps.bpf.c')),
      readKernelBtf,
    )
    try {
      const id = listObjects('map').findLast(({name}) => name === '.rodata')?.id
      const {text} = await output('maps', String(id))
      assert.match(text, /^00 00 00 00: \{wanted = 7\}$/m)
    } finally {
      loaded.close()
    }
  })
})

/** The folder that this test was compiled into. */
function distFolder(): string {
  return /(dist[\w-]*)\/test\//.exec(import.meta.url)?.[1] ?? 'dist'
}
