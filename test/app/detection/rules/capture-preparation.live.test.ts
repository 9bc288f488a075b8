import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {CapturePreparation} from '../../../../src/app/detection/rules/capture-preparation.ts'
import {
  compileRuleSet,
  createRuleSetCache,
  engineRules,
} from '../../../../src/app/rules/rule-set.ts'
import {type ProgramImage, programKey} from '../../../../src/bpf/program-image.ts'
import type {EngineRule} from '../../../../src/engine/engine.ts'
import {requireLive} from '../../../support/live.ts'

const rule = (name: string, condition: string): string =>
  JSON.stringify({rule: name, desc: 'd', condition, output: '%fd.name', priority: 'NOTICE'})
const OPEN = rule(
  'open',
  'evt.type in (open, openat) and fd.name startswith /etc/ and proc.name = a',
)
const WRITE = rule('write', 'evt.type = write and fd.name endswith .log and not proc.pname = b')
const CONNECT = rule('connect', 'evt.type = connect and fd.sport = 53')
const MKDIR = rule(
  'mkdir',
  'evt.type in (mkdir, mkdirat) and fs.path.name startswith /srv and proc.name = c',
)
/** Sets of rules in turn: added, changed, removed, the same again. */
const SETS: readonly (readonly string[])[] = [
  [OPEN, CONNECT],
  [OPEN, CONNECT, MKDIR],
  [OPEN.replace('/etc/', '/var/'), CONNECT, MKDIR],
  [OPEN.replace('/etc/', '/var/'), CONNECT, MKDIR],
  [OPEN, WRITE, CONNECT],
  [WRITE],
  [WRITE.replace('= b', '= a'), OPEN, MKDIR],
  [rule('none', 'evt.type = open and evt.type = connect'), CONNECT],
]

describe('programs that are prepared in haste', function () {
  this.timeout(60_000)

  it('are those that are prepared at leisure once they are refined', function () {
    requireLive(this, {feature: 'preparing programs'})
    const cache = createRuleSetCache()
    const compile = (texts: readonly string[]): EngineRule[] => {
      const set = compileRuleSet(
        [{name: 'r.yaml', content: `[${texts.join(',')}]`}],
        {
          appendOutput: [],
          selection: [],
          startOff: false,
          minPriority: 'Debug',
          skipInvalidRules: false,
        },
        cache,
      )
      assert.ok(set.usable)
      return engineRules(set)
    }
    const settings = {
      hooks: 'tp_btf',
      rings: {stateBytes: 1 << 20, bulkBytes: 1 << 20},
      entryCopies: false,
      kernelFilter: true,
      recorded: false,
    } as const
    const [hasty, slow] = [new CapturePreparation(settings), new CapturePreparation(settings)]
    let standIns = 0
    let kept = 0
    for (const [at, texts] of SETS.entries()) {
      const rules = compile(texts)
      const wanted = slow.prepare(rules)
      wanted.accept()
      const first = hasty.prepare(rules, {inHaste: true})
      first.accept()
      const refined = first.refine?.() ?? {plan: first.plan, programs: first.programs, better: []}
      assert.deepEqual(hashes(refined.programs), hashes(wanted.programs), `set ${at}`)
      assert.deepEqual(refined.plan, wanted.plan)
      const ready = new Map(first.programs.map(program => [programKey(program), program]))
      for (const program of wanted.programs) {
        const own = ready.get(programKey(program))
        assert.ok(own !== undefined, `${program.name} is there from the beginning`)
        if (own.hash === program.hash) kept++
        else {
          standIns++
          assert.equal(own.standIn, true)
          assert.ok(refined.better.some(({hash}) => hash === program.hash))
        }
      }
    }
    assert.ok(standIns > 0 && kept > standIns, `${standIns} stand-ins, ${kept} others`)
  })

  it('stay as they are when the rules were refused', function () {
    requireLive(this, {feature: 'preparing programs'})
    const compile = (text: string): EngineRule[] =>
      engineRules(
        compileRuleSet([{name: 'r.yaml', content: `[${text}]`}], {
          appendOutput: [],
          selection: [],
          startOff: false,
          minPriority: 'Debug',
          skipInvalidRules: false,
        }),
      )
    const preparation = new CapturePreparation({
      hooks: 'tp_btf',
      rings: {stateBytes: 1 << 20, bulkBytes: 1 << 20},
      entryCopies: false,
      kernelFilter: true,
      recorded: false,
    })
    const rules = compile(OPEN)
    const first = preparation.prepare(rules)
    first.accept()
    // Refused: neither accepted nor refined.
    preparation.prepare(compile(WRITE), {inHaste: true})
    const again = preparation.prepare(rules, {inHaste: true})
    assert.deepEqual(hashes(again.programs), hashes(first.programs))
    assert.ok(!again.programs.some(({standIn}) => standIn))
  })
})

/** Hashes of capture programs by their places. */
function hashes(programs: readonly ProgramImage[]): Record<string, string> {
  return Object.fromEntries(
    programs
      .filter(({attach}) => attach.kind === 'tail_call')
      .map(program => [programKey(program), program.hash]),
  )
}
