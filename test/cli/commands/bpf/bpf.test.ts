import assert from 'node:assert/strict'
import {existsSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {runBpf} from '../../../../src/cli/commands/bpf/bpf.ts'
import {CodedError} from '../../../../src/diagnostics/error.ts'
import {requireLive} from '../../../support/live.ts'

/** What `bpf disasm --json` says of one program. */
interface Listed {
  readonly name: string
  readonly attach: {readonly kind: string; readonly tracepoint: string; readonly slot?: number}
  readonly instructions: readonly string[]
}

describe('detector bpf', () => {
  let folder: string
  let rules: string

  before(function () {
    if (!existsSync('/sys/kernel/btf/vmlinux')) this.skip()
    folder = mkdtempSync(join(tmpdir(), 'detector-bpf-'))
    rules = join(folder, 'rules.yaml')
    writeFileSync(
      rules,
      '- rule: r\n  desc: d\n  condition: evt.type = unlink\n  output: x\n  priority: DEBUG\n',
    )
  })
  after(() => {
    if (folder !== undefined) rmSync(folder, {recursive: true})
  })

  const mkIo = (): {io: {stdout: (text: string) => void}; chunks: string[]} => {
    const chunks: string[] = []
    return {io: {stdout: text => void chunks.push(text)}, chunks}
  }

  const output = async (json: boolean): Promise<string> => {
    const {io, chunks} = mkIo()
    assert.equal(await runBpf({action: 'disasm', rules: [rules], json}, io), 0)
    return chunks.join('')
  }

  it('lists the programs that rules become, and no others', async () => {
    const programs = JSON.parse(await output(true)) as Listed[]
    const names = programs.map(({name}) => name)
    assert.ok(names.includes('det_unlink'))
    assert.ok(!names.includes('det_openat'))
    const unlink = programs.find(({name}) => name === 'det_unlink')
    assert.deepEqual(
      [unlink?.attach.kind, unlink?.attach.tracepoint, unlink?.attach.slot],
      ['tail_call', 'sys_exit', 87],
    )
  })

  it('names helpers and maps', async () => {
    const text = await output(false)
    assert.match(text, /det_unlink: tail call from tp_btf\/sys_exit through det_sys_exit\[87\]/)
    assert.match(text, /call probe_read_user_str/)
    assert.match(text, /= map\[det_(state|bulk)\]/)
  })

  it('refuses rules that are invalid', async () => {
    const broken = join(folder, 'broken.yaml')
    writeFileSync(broken, '- rule: r\n')
    await assert.rejects(
      runBpf({action: 'disasm', rules: [broken], json: false}, {stdout: () => {}}),
      (error: unknown) => error instanceof CodedError && error.code === 'RULE_INVALID',
    )
  })

  it('shows what is loaded', async function () {
    requireLive(this, {feature: 'listing programs'})
    const {io, chunks} = mkIo()
    await runBpf({action: 'show', rules: [], json: true}, io)
    const shown = JSON.parse(chunks.join('')) as {
      programs: {name: string}[]
      maps: {name: string}[]
    }
    for (const {name} of [...shown.programs, ...shown.maps]) assert.match(name, /^det_/)
  })
})
