import {closeSync} from 'node:fs'
import {Assembler, type Label} from '../src/bpf/assembler.ts'
import {encode, type Instruction} from '../src/bpf/instruction.ts'
import type {ProgramData} from '../src/bpf/specs.ts'
import {R, SCRATCH_SIZE} from '../src/compiler/bpf/capture-context.ts'
import {deriveFilter} from '../src/compiler/filter/derive-filter.ts'
import {emitJumpIfEqual, emitJumpUnlessEqual} from '../src/compiler/filter/emit-equal.ts'
import {emitFilter} from '../src/compiler/filter/emit-filter.ts'
import {createFilterData} from '../src/compiler/filter/filter-data.ts'
import {anyOf, type KernelFilter, type TextTest} from '../src/compiler/filter/kernel-filter.ts'
import {emitKeySetLookup, keySetOf, placeKeySet} from '../src/compiler/filter/key-set.ts'
import {
  chunksOf,
  emitKnownText,
  statePlace,
  wordAt,
} from '../src/compiler/filter/text/text-place.ts'
import {planTexts, textAtomsOf} from '../src/compiler/filter/text/text-plan.ts'
import {RECORD_LAYOUTS} from '../src/schema/record-layout.ts'
import {progLoad, refusal} from '../src/sensor/bpf-syscall.ts'
import {addressOf, bpf} from '../src/sensor/ffi.ts'
import {BpfMap, indexKey} from '../src/sensor/map.ts'
import {machine} from './harness.ts'
import {loadRules, publicRuleFiles} from './rule-sets.ts'

/** What {@link run} yields: what a filter of so many tests of one path costs in the kernel. */
export interface FilterResult {
  readonly name: 'filter'
  readonly machine: ReturnType<typeof machine>
  readonly cases: readonly FilterCase[]
}

interface FilterCase {
  /**
   * `linear`: one after the other; `trie` and `keys`: as filters do, see `join-filters.ts`. `public rules`: all texts that the public
   * rules ask for of an open. `numbers`: numbers in place of paths.
   */
  readonly how: How | 'public rules' | 'numbers, linear' | 'numbers, keys'
  readonly tests: number
  /** Nanoseconds of one decision, without those of an empty filter: median over repetitions, by path. */
  readonly ns: Readonly<Record<string, number>>
  readonly instructions: number
  readonly dataBytes: number
  /** Milliseconds until it was loaded: generated, verified, translated. */
  readonly loadMs: number
}

type How = 'linear' | 'trie' | 'keys'

/** `BPF_PROG_TYPE_SCHED_CLS`: unlike tracepoint programs, test runs of these repeat and tell their time. */
const SCHED_CLS = 3
const PROG_TEST_RUN = 10
const REPEATS = 20_000
const ROUNDS = 9
const RECORD = 'record'
const LAYOUT = RECORD_LAYOUTS.find(({capture}) => capture.kind === 'openat')!
const SLOT = LAYOUT.slots.find(({name}) => name === 'name')!.offset
/** Paths that match nothing: short, long, and one that shares most of itself with the tests made up here (of the public rules one matches). */
const PATHS = {
  short: '/srv/www/index.html',
  long: '/srv/project/node_modules/yaml/dist/compose/composer.js',
  near: '/usr/lib/package7/module3/file',
} as const

/** As rules have them: mostly whole paths, some folders, a few endings; nothing of them matches {@link PATHS}. */
function testsOf(count: number): TextTest[] {
  return Array.from({length: count}, (_, at): TextTest => {
    const name = `/usr/lib/package${at % 97}/module${at % 31}/file${at}.conf`
    if (at % 10 === 9) return {how: 'suffix', text: `file${at}.key`}
    if (at % 10 > 5) return {how: 'prefix', text: `/var/lib/service${at}/${'d'.repeat(at % 9)}`}
    return {how: 'equal', text: name}
  })
}

interface Code {
  readonly instructions: readonly Instruction[]
  readonly data: readonly ProgramData[]
}

/** A program that judges the record in a map by what `emit` emits. */
function codeOf(emit: (asm: Assembler, drop: Label) => readonly ProgramData[]): Code {
  const asm = new Assembler()
  const [drop, none] = [asm.label('drop'), asm.label('none')]
  asm.storeImm(4, 10, -8, 0).mov(2, 10).aluImm('add', 2, -8)
  asm.loadMap(1, RECORD).call('map_lookup_elem').jumpIfImm('jeq', 0, 0, none).mov(R.scratch, 0)
  asm.load(8, 1, R.scratch, 0).jumpIfImm('jeq', 1, -1, drop)
  const data = emit(asm, drop)
  asm.movImm(0, 1).exit()
  asm.place(drop).movImm(0, 2).exit()
  return {instructions: asm.place(none).movImm(0, 0).exit().finish(), data}
}

function textCode(tests: readonly TextTest[], how: How): Code {
  const atom = {kind: 'text', offset: SLOT, form: 'normal', tests} as const
  if (how === 'linear') return codeOf((asm, drop) => emitLinear(asm, tests, drop))
  return filterCode({
    kind: 'literal',
    atom: how === 'keys' ? {...atom, approximate: true} : atom,
    want: true,
  })
}

function filterCode(filter: KernelFilter): Code {
  return codeOf((asm, drop) => {
    const data = createFilterData()
    emitFilter(asm, filter, drop, {data})
    return data.finish()
  })
}

/** Passes when one of all texts that the public rules ask for matches; undefined without the rules. */
function publicTexts(): KernelFilter | undefined {
  const files = publicRuleFiles()
  if (files === undefined) return undefined
  const filter = deriveFilter(
    LAYOUT,
    loadRules(files).rules.map(({condition}) => condition),
  )
  const atoms = [...textAtomsOf(filter).values()].flatMap(each => [...each])
  return anyOf(atoms.map(atom => ({kind: 'literal', atom, want: true})))
}

/** Looks for the number in the first slot. */
function numberCode(values: readonly bigint[], how: 'linear' | 'keys'): Code {
  return codeOf((asm, drop) => {
    const data = createFilterData()
    const hit = asm.label('hit')
    asm.load(8, 1, R.scratch, LAYOUT.slots[0]!.offset)
    if (how === 'linear') for (const value of values) emitJumpIfEqual(asm, 1, value, hit)
    else emitKeySetLookup(asm, placeKeySet(keySetOf(values)!, data), {key: 1, lose: [2, 3]}, hit)
    asm.jump(drop).place(hit)
    return data.finish()
  })
}

/** What is compared with: every test by itself, of a text that is taken for known. */
function emitLinear(
  asm: Assembler,
  tests: readonly TextTest[],
  drop: Label,
): readonly ProgramData[] {
  const passed = asm.label('passed')
  const state = statePlace(0)
  asm.load(2, 1, R.scratch, SLOT + 4).store(4, R.scratch, state, 1)
  emitKnownText(asm, {slot: SLOT, state}, passed)
  for (const {how, text} of tests) {
    const next = asm.label('next')
    asm.jumpIfImm(how === 'equal' ? 'jne' : 'jlt', 2, text.length, next)
    if (how === 'suffix') asm.mov(3, 1).alu('add', 3, 2)
    for (const [at, width] of chunksOf(text.length)) {
      asm.load(width, 4, how === 'suffix' ? 3 : 1, how === 'suffix' ? at - text.length : at)
      emitJumpUnlessEqual(asm, 4, wordAt(text, at, width), next)
    }
    asm.jump(passed).place(next)
  }
  asm.jump(drop).place(passed)
  return []
}

/** A record of an open of this path. */
function recordOf(path: string): Buffer {
  const record = Buffer.alloc(SCRATCH_SIZE)
  record.writeUInt32LE(LAYOUT.fixedSize, SLOT)
  record.writeUInt16LE(path.length, SLOT + 4)
  record.write(path, LAYOUT.fixedSize, 'latin1')
  return record
}

/** Loads a program, measures it over each path, and unloads it. Median nanoseconds of a run. */
function timesOf({instructions, data}: Code, record: BpfMap): {ns: number[]; retvals: number[]} {
  const maps = new Map<string, BpfMap>([[RECORD, record]])
  const own = data.map(({name, bytes}) => BpfMap.ofData(name, bytes))
  for (const map of own) maps.set(map.spec.name, map)
  const load = progLoad({
    ...{type: SCHED_CLS, name: 'filter_bench', license: 'GPL', expectedAttachType: 0},
    ...{attachBtfId: 0, logLevel: 0, log: Buffer.alloc(0)},
    instructions: encode(instructions, name => maps.get(name)?.fd),
  })
  for (const map of own) map.close()
  if (load.value < 0) throw refusal('loading a filter', load.errno)
  try {
    const runs = Object.values(PATHS).map(path => {
      record.update(indexKey(0), recordOf(path))
      return repeatedRun(load.value)
    })
    return {ns: runs.map(({ns}) => ns), retvals: runs.map(({retval}) => retval)}
  } finally {
    closeSync(load.value)
  }
}

function repeatedRun(fd: number): {readonly ns: number; readonly retval: number} {
  const packet = Buffer.alloc(64)
  const attr = Buffer.alloc(80)
  attr.writeUInt32LE(fd, 0)
  attr.writeUInt32LE(packet.length, 8)
  attr.writeBigUInt64LE(addressOf(packet), 16)
  attr.writeUInt32LE(REPEATS, 32)
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const call = bpf(PROG_TEST_RUN, attr)
    if (call.value < 0) throw refusal('running a filter', call.errno)
    times.push(attr.readUInt32LE(36))
  }
  times.sort((a, b) => a - b)
  return {ns: times[ROUNDS >>> 1]!, retval: attr.readInt32LE(4)}
}

/** Measures the ways to look at a path with 10 to 10,000 tests. A way that no program has room for is left out. */
export async function run(): Promise<FilterResult> {
  const record = BpfMap.create({
    ...{name: RECORD, type: 'array', keySize: 4, valueSize: SCRATCH_SIZE, maxEntries: 1},
  })
  const cases: FilterCase[] = []
  try {
    const empty = timesOf(
      codeOf(() => []),
      record,
    ).ns
    const add = (how: FilterCase['how'], tests: number, make: () => Code): void => {
      const start = performance.now()
      const code = attempt(make)
      if (code === undefined) return
      const {ns, retvals} = timesOf(code, record)
      if (retvals.slice(0, 2).some(retval => retval !== 2))
        throw new Error(`${how}: ${retvals.join()}`)
      const runMs = (ns.reduce((sum, each) => sum + each, 0) * REPEATS * ROUNDS) / 1e6
      cases.push({
        ...{how, tests, instructions: code.instructions.length},
        ns: Object.fromEntries(Object.keys(PATHS).map((path, at) => [path, ns[at]! - empty[at]!])),
        dataBytes: code.data.reduce((sum, {bytes}) => sum + bytes.length, 0),
        loadMs: Math.round(performance.now() - start - runMs),
      })
    }
    for (const count of [10, 30, 100, 300, 1000, 3000, 10_000]) {
      const tests = testsOf(count)
      if (count <= 1000) add('linear', count, () => textCode(tests, 'linear'))
      add('trie', count, () => textCode(tests, 'trie'))
      add('keys', count, () => textCode(tests, 'keys'))
    }
    const asked = publicTexts()
    if (asked !== undefined) {
      const tests = [...planTexts(asked).values()].reduce((sum, plan) => sum + plan.tests.length, 0)
      add('public rules', tests, () => filterCode(asked))
    }
    for (const count of [4, 8, 16, 64]) {
      const values = Array.from({length: count}, (_, at) => BigInt(at + 1000))
      add('numbers, linear', count, () => numberCode(values, 'linear'))
      add('numbers, keys', count, () => numberCode(values, 'keys'))
    }
  } finally {
    record.close()
  }
  return {name: 'filter', machine: machine(), cases}
}

/** Undefined for a program whose jumps would be too long. */
function attempt(make: () => Code): Code | undefined {
  try {
    return make()
  } catch {
    // The assembler says so by an error, and nothing else in a filter can fail.
    return undefined
  }
}
