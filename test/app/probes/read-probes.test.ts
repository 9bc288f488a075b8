import assert from 'node:assert/strict'
import {existsSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {readProbes} from '../../../src/app/probes/read-probes.ts'
import {CodedError} from '../../../src/diagnostics/error.ts'
import type {ProbeConfig} from '../../../src/schema/config/config.ts'
import {type Objects, objectFolder, requireClang} from '../../support/compile-bpf.ts'
import {type ProbeSource, probeSource} from '../../support/probe-source.ts'

/** Flipped bytes of the object that are tried. */
const FLIPS = 1500

const mkConfig = (object: string, more: Partial<ProbeConfig> = {}): ProbeConfig => ({
  name: 'p',
  object,
  map: undefined,
  struct: undefined,
  optional: false,
  ...more,
})

describe('reading probes', function () {
  this.timeout(60_000)
  let objects: Objects
  before(function () {
    requireClang(this)
    objects = objectFolder()
  })
  after(() => objects?.remove())

  const compile = (source: ProbeSource = {}): string => objects.compileText(probeSource(source))

  it('judges them without loading', () => {
    const read = readProbes([mkConfig(compile())])
    assert.deepEqual([read.images.length, read.defs[0]?.name, read.refusals], [1, 'p', []])
  })

  it('gives the same answer for the same objects', () => {
    const path = compile()
    const first = readProbes([mkConfig(path)])
    assert.equal(readProbes([mkConfig(path)], first), first)
    writeFileSync(path, readFileSync(compile({members: 'unsigned int pid, more;'})))
    assert.notEqual(readProbes([mkConfig(path)], first), first)
  })

  it('goes on without an optional one that is refused, whose fields are known', () => {
    const path = compile({body: 'if (*(volatile int *)8) return 1;'})
    const read = readProbes([mkConfig(path, {optional: true})])
    assert.deepEqual([read.defs.length, read.images.length, read.refusals.length], [1, 0, 1])
  })

  const refused: readonly {
    readonly name: string
    readonly source: ProbeSource
    readonly code: string
    readonly message: RegExp
  }[] = [
    {
      name: 'a program that reads anywhere',
      source: {body: 'if (*(volatile int *)8) return 1;'},
      code: 'PROBE_REFUSED',
      message: /probe p .*refused by our verifier at instruction/,
    },
    {
      name: 'a kprobe',
      source: {section: 'kprobe/do_unlinkat'},
      code: 'PROBE_INVALID',
      message: /of section kprobe/,
    },
    {
      name: 'a program that writes to user memory',
      source: {body: '((long (*)(void *, void *, int))36)((void *)0, &record, 4);'},
      code: 'PROBE_INVALID',
      message: /bpf_probe_write_user/,
    },
    {
      name: 'a program that sends signals',
      source: {body: '((long (*)(int))109)(9);'},
      code: 'PROBE_INVALID',
      message: /bpf_send_signal/,
    },
  ]
  for (const {name, source, code, message} of refused)
    it(`refuses ${name}`, () => {
      assert.throws(
        () => readProbes([mkConfig(compile(source))]),
        (error: unknown) =>
          error instanceof CodedError && error.code === code && message.test(error.message),
      )
    })

  for (const {name, paths} of [
    {name: 'a file that is not there', paths: ['/nonexistent/p.o']},
    {name: 'a folder', paths: ['/tmp']},
    {name: 'no object', paths: ['/etc/passwd']},
  ])
    it(`refuses ${name}`, () => {
      assert.throws(() => readProbes(paths.map(path => mkConfig(path))), CodedError)
    })

  it('refuses two of one name', () => {
    const path = compile()
    assert.throws(() => readProbes([mkConfig(path), mkConfig(path)]), /one name/)
  })

  it('ends with one clear error, or takes it, whatever byte is changed', function () {
    if (!existsSync('/sys/kernel/btf/vmlinux')) this.skip()
    const path = join(objects.folder, 'flipped.o')
    const whole = readFileSync(compile({members: 'unsigned int pid; char name[8]; _Bool on;'}))
    let taken = 0
    let thrown = 0
    for (let flip = 0; flip < FLIPS; flip++) {
      const bytes = Buffer.from(whole)
      const at = Math.floor((flip * bytes.length) / FLIPS)
      bytes[at] = bytes[at]! ^ (1 << (flip % 8))
      writeFileSync(path, bytes)
      try {
        readProbes([mkConfig(path)])
        taken++
      } catch (error) {
        assert.ok(error instanceof CodedError, `byte ${at}: ${error}`)
        assert.match(error.message, /^probe p \(/)
        thrown++
      }
    }
    assert.equal(taken + thrown, FLIPS)
    assert.ok(thrown > 0 && taken > 0)
  })
})
