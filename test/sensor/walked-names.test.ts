import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {SLOT_FLAG} from '../../src/schema/record-layout.ts'
import {cgroupTexts, pathFromNames} from '../../src/sensor/walked-names.ts'

describe('pathFromNames', () => {
  const {whole, detached, cut} = SLOT_FLAG
  const cases: readonly {
    name: string
    names: string
    flags: number
    want: string | undefined
  }[] = [
    {name: 'turns the names round', names: 'c\0b\0a\0', flags: whole, want: '/a/b/c'},
    {name: 'knows the root', names: '', flags: whole, want: '/'},
    {name: 'gives nothing where no walk was made', names: '', flags: 0, want: undefined},
    {name: 'gives nothing for a walk that was cut', names: 'b\0a\0', flags: cut, want: undefined},
    {name: 'keeps a name without a root', names: 'memfd:x\0', flags: detached, want: 'memfd:x'},
    {name: 'keeps the root of a tree that hangs nowhere', names: '', flags: detached, want: ''},
  ]
  for (const {name, names, flags, want} of cases)
    it(name, () => assert.equal(pathFromNames(names, flags), want))
})

describe('cgroupTexts', () => {
  const sameAsDefault = '/\0'
  const cases: readonly {name: string; names: string; want: string}[] = [
    {
      name: 'gives every subsystem the path of the default hierarchy',
      names: `a.scope\0b.slice\0\0${sameAsDefault.repeat(5)}`,
      want: ['cpuset', 'cpu', 'cpuacct', 'io', 'memory']
        .map(subsystem => `${subsystem}=/b.slice/a.scope\0`)
        .join(''),
    },
    {
      name: 'keeps paths of their own apart',
      names: `\0\0x\0\0${sameAsDefault}\0deep\0er\0\0`,
      want: 'cpuset=/\0cpu=/x\0cpuacct=/\0io=/\0memory=/er/deep\0',
    },
    {name: 'leaves out what is not whole', names: '\0x\0\0y\0', want: 'cpuset=/x\0'},
    {name: 'gives nothing of nothing', names: '', want: ''},
  ]
  for (const {name, names, want} of cases) it(name, () => assert.equal(cgroupTexts(names), want))
})
