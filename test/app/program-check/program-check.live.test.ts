import assert from 'node:assert/strict'
import {existsSync, readFileSync, rmSync} from 'node:fs'
import {dirname} from 'node:path'
import {describe, it} from 'mocha'
import {refusalHint} from '../../../src/app/program-check/both-logs.ts'
import {type Disagreement, startProgramCheck} from '../../../src/app/program-check/program-check.ts'
import {encode} from '../../../src/bpf/instruction.ts'
import {type ProgramImage, programImage} from '../../../src/bpf/program-image.ts'
import {captureMaps} from '../../../src/compiler/bpf/capture-maps.ts'
import {kernelPrograms} from '../../../src/compiler/bpf/kernel-programs.ts'
import {requireLive} from '../../support/live.ts'
import {everyKind, sensorSetting} from '../../support/open-sensor.ts'

const RINGS = {stateBytes: 8 << 20, bulkBytes: 8 << 20}

describe('the check of generated programs', function () {
  this.timeout(120_000)

  it('accepts them, each content once', async function () {
    requireLive(this, {feature: 'the check of generated programs'})
    const setting = sensorSetting(everyKind())
    const images = kernelPrograms(everyKind(), setting)
      .map(programImage)
      .sort((a, b) => a.code.length - b.code.length)
      .slice(0, 40)
    const refused: Disagreement[] = []
    const check = startProgramCheck(captureMaps(RINGS), each => void refused.push(each))
    try {
      check.check(images)
      check.check(images)
      const distinct = new Set(images.map(({hash}) => hash)).size
      assert.equal(await check.settled(), distinct)
      assert.deepEqual(refused, [])
    } finally {
      await check.stop()
    }
  })

  it('saves both logs of a program that it refuses', async function () {
    requireLive(this, {feature: 'the check of generated programs'})
    const refused: Disagreement[] = []
    const check = startProgramCheck(captureMaps(RINGS), each => void refused.push(each))
    try {
      check.check([unwritten()])
      await check.settled()
      assert.equal(refused.length, 1)
      const {name, file} = refused[0]!
      assert.equal(name, 'det_bad')
      assert.ok(file !== undefined && existsSync(file))
      const text = readFileSync(file, 'utf8')
      const [own = '', kernel = ''] = text.split('\nkernel:\n')
      assert.match(own, /^detector:\n/)
      assert.match(own, /r0 was never written/)
      assert.match(kernel, /R0 !read_ok/)
      rmSync(dirname(file), {recursive: true})
    } finally {
      await check.stop()
    }
  })
})

describe('the hint for a program that the kernel refused', () => {
  it('names a file with both logs', function () {
    requireLive(this, {feature: 'the verdict on a refused program'})
    const hint = refusalHint(unwritten(), captureMaps(RINGS), 'R0 !read_ok')
    const file = /both logs are in (\S+),/.exec(hint ?? '')?.[1]
    assert.ok(file !== undefined)
    assert.match(hint ?? '', /refuses it too/)
    assert.match(readFileSync(file, 'utf8'), /r0 was never written[\s\S]*kernel:\nR0 !read_ok/)
    rmSync(dirname(file), {recursive: true})
  })
})

/** A program that leaves without a result. */
function unwritten(): ProgramImage {
  const exit = {opcode: 0x95, dst: 0, src: 0, off: 0, imm: 0}
  return {
    name: 'det_bad',
    attach: {kind: 'raw_tp', tracepoint: 'sys_enter'},
    license: 'GPL',
    code: encode([exit]),
    maps: [],
    hash: 'bad',
  }
}
