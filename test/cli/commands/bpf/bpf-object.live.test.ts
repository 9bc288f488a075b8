import assert from 'node:assert/strict'
import {execFileSync, spawn} from 'node:child_process'
import {once} from 'node:events'
import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {type BpfObjectArgs, runBpfObject} from '../../../../src/cli/commands/bpf/bpf-object.ts'
import {readObject} from '../../../../src/cli/commands/bpf/object-file.ts'
import {packageRoot} from '../../../../src/paths.ts'
import {listObjects} from '../../../../src/sensor/bpf-syscall.ts'
import {readKernelBtf} from '../../../../src/sensor/kernel-btf.ts'
import {loadObject} from '../../../../src/sensor/object/load.ts'
import {type Objects, objectFolder, requireClang} from '../../../support/compile-bpf.ts'
import {requireLive} from '../../../support/live.ts'

describe('detector bpf on object files', () => {
  let objects: Objects

  before(function () {
    requireLive(this, {feature: 'loading object files'})
    requireClang(this)
    objects = objectFolder()
  })
  after(() => objects?.remove())

  const output = async (
    action: string,
    path: string,
    more: Partial<BpfObjectArgs> = {},
  ): Promise<{code: number; text: string}> => {
    const chunks: string[] = []
    const io = {
      stdout: (text: string) => void chunks.push(text),
      stderr: () => {},
      readInput: async () => '',
      isTerminal: false,
      env: {},
    }
    const args = {
      ...{action, path, json: false, quiet: true, durationMs: undefined},
      ...{kernel: true, raw: false, strict: false, log: false, force: false},
      ...more,
    }
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
    assert.match(text, /^accept good \(raw_tp\/sys_exit\) by detector$/m)
    assert.match(
      text,
      /^reject bad \(raw_tp\/sys_exit\) by detector at instruction (\d+): r0 may be null[\s\S]*?refused.bpf.c:\d+: .*\n {2}rule: null-dereference\n {2}hint: /m,
    )
    assert.match(
      text,
      /^reject bad \(raw_tp\/sys_exit\) by kernel at instruction \d+: R0 invalid mem access/m,
    )
  })

  it('prints every instruction walked on demand', async () => {
    const path = objects.compile('test/testdata/bpf/refused.bpf.c')
    const {text} = await output('verify', path, {kernel: false, log: true})
    assert.match(text, /^ {2}0: R1=ctx_pointer\(off=0\) R10=stack_pointer\(off=0\)$/m)
    assert.match(text, /^ {2}processed \d+ insns/m)
  })

  it('judges programs in JSON', async () => {
    const path = join(objects.folder, 'raw.json')
    const program = {prog_type: 'raw_tracepoint', license: 'GPL', maps: []}
    const good = {...program, name: 'good', insns: ['0x00000000000000b7', '0x0000000000000095']}
    const bad = {...program, name: 'bad', insns: ['0x0000000000000095']}
    writeFileSync(path, JSON.stringify([good, bad]))
    const {code, text} = await output('verify', path, {raw: true})
    assert.equal(code, 1)
    assert.match(text, /^accept good \(raw_tracepoint\) by detector$/m)
    assert.match(text, /^reject bad \(raw_tracepoint\) by detector at instruction 0: r0/m)
  })

  it('names what is wrong in JSON', async () => {
    const path = join(objects.folder, 'wrong.json')
    for (const [text, place] of [
      ['{}', /prog_type/],
      ['[{"prog_type":"tp_btf","insns":["5"]}]', /insns\[0\]/],
      ['{"prog_type":"kprobe","insns":[],"maps":[{"type":"hash","key_size":-1}]}', /key_size/],
      ['[', /cannot read/],
    ] as const) {
      writeFileSync(path, text)
      await assert.rejects(output('verify', path, {raw: true}), place)
    }
  })

  it('loads nothing that our verifier refuses, unless forced', async () => {
    const path = objects.compile('test/testdata/bpf/refused.bpf.c')
    await assert.rejects(
      output('run', path),
      /program bad \(raw_tp\/sys_exit\) is refused at instruction/,
    )
    await assert.rejects(output('run', path, {force: true}), /the kernel refused program bad/)
  })

  it('runs programs of typed tracepoints and of perf events', async () => {
    const path = objects.compile('test/testdata/bpf/attached.bpf.c')
    const ended = output('run', path, {durationMs: 600})
    for (let count = 0; count < 5; count++) execFileSync('/bin/true')
    const {code, text} = await ended
    assert.equal(code, 0)
    assert.match(text, /bpf_trace_printk: typed \d+/)
    assert.match(text, /bpf_trace_printk: sampled/)
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
