import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {pmatch} from '../../../src/compiler/operators/pmatch.ts'

const cases: readonly [members: readonly string[], value: string, want: boolean][] = [
  [['/opt/dir'], '/opt/dir', true],
  [['/opt/dir'], '/opt/dir/x', true],
  [['/opt/dir'], '/opt/dir2', false],
  [['/opt/dir'], '/opt', false],
  [['/opt/dir/'], '/opt/dir', true],
  [['opt//dir'], '//opt/dir/', true],
  [['/'], '/anything', true],
  [['/'], '', true],
  [[], '/a', false],
  [['/opt/*/b'], '/opt/a/b/c', true],
  [['/opt/*/b'], '/opt/a/x/b', false],
  [['/*/a', '/b*/c'], '/bb/c', true],
  [['/o*/x', '/op*/y', '/opt/z'], '/opt/y', true],
  [['/o*/x', '/op*/y', '/opt/z'], '/opt/z', true],
  [['/[a-c]'], '/b/x', true],
  [['/[!a]'], '/A', true],
  [['/A'], '/a', false],
  [['/a?'], '/a', false],
  [['__proto__'], 'x', false],
]

describe('pmatch', () => {
  for (const [members, value, want] of cases) {
    it(`(${members.join(', ')}) on ${value} is ${want}`, () => {
      assert.equal(pmatch.bindAll(members, 'text')(value), want)
    })
  }

  it('takes time in proportion to members and parts, however globs overlap', () => {
    const members = Array.from({length: 200}, (_, i) => `${'/*'.repeat(40)}/end${i}`)
    const matches = pmatch.bindAll(members, 'text')
    const start = performance.now()
    assert.equal(matches('/a'.repeat(2000)), false)
    assert.ok(performance.now() - start < 1000)
  })
})
