import assert from 'node:assert/strict'
import {after, before, describe, it} from 'mocha'
import {kernelJudge} from '../../src/cli/commands/bpf/bpf-verify.ts'
import {readObject} from '../../src/cli/commands/bpf/object-file.ts'
import {ownJudge} from '../../src/cli/commands/bpf/own-judge.ts'
import {type Objects, objectFolder, requireClang} from '../support/compile-bpf.ts'
import {requireLive} from '../support/live.ts'

const FILES = ['maps', 'loops', 'objects', 'wrong', 'unlicensed']
/** Of the programs that the kernel accepts, how many ours must accept. */
const ACCEPTED_SHARE = 0.95

describe('programs compiled from C', function () {
  this.timeout(60_000)
  let objects: Objects

  before(function () {
    requireLive(this, {feature: "the kernel's verdicts on compiled programs"})
    requireClang(this)
    objects = objectFolder()
  })
  after(() => objects?.remove())

  it('are judged as the kernel judges them', () => {
    const ours = ownJudge({strict: false, log: false})
    const rows = FILES.flatMap(file => {
      const object = readObject(objects.compile(`test/testdata/bpf/verdicts/${file}.bpf.c`))
      return object.programs.map(program => ({
        name: `${file}/${program.name}`,
        isWrong: file === 'wrong' || file === 'unlicensed',
        ours: ours(program, object),
        kernel: kernelJudge(program, object),
      }))
    })
    for (const {name, isWrong, ours: own, kernel} of rows) {
      assert.equal(kernel.accepted, !isWrong, `${name} by the kernel: ${kernel.reason}`)
      assert.ok(!own.accepted || kernel.accepted, `${name}: only ours accepts; ${kernel.reason}`)
    }
    const right = rows.filter(({kernel}) => kernel.accepted)
    const refused = right.filter(({ours: own}) => !own.accepted)
    console.log(
      `      ${rows.length} programs, ${right.length} right, ${refused.length} refused by ours only`,
    )
    assert.ok(rows.length >= 40 && rows.length - right.length >= 10)
    assert.ok(
      refused.length <= right.length * (1 - ACCEPTED_SHARE),
      refused.map(({name, ours: own}) => `${name}: ${own.reason}`).join('\n'),
    )
  })
})
