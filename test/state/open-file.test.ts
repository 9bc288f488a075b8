import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import type {Event} from '../../src/schema/event.ts'
import type {Int} from '../../src/schema/value.ts'
import {FD, newFd} from '../../src/state/fd.ts'
import {copyOf, isStill, openFileOf, shownFd} from '../../src/state/open-file.ts'

type Values = Readonly<Record<string, Int | string>>

function eventOf(values: Values): Event {
  return {get: (name: string) => values[name]} as Event
}

describe('openFileOf', () => {
  const cases: readonly {name: string; values: Values; want: unknown}[] = [
    {name: 'file and node', values: {$file: 7, $ino: 8}, want: {file: 7, node: 8}},
    {name: 'an open tells its node itself', values: {$file: 7, ino: 9}, want: {file: 7, node: 9}},
    {name: 'not captured', values: {fd: 3}, want: undefined},
    {name: 'no descriptor any more', values: {$file: 0, $ino: 8}, want: undefined},
  ]
  for (const {name, values, want} of cases)
    it(name, () => assert.deepEqual(openFileOf(eventOf(values)), want))

  it('knows no node of the second of a pair', () =>
    assert.deepEqual(openFileOf(eventOf({$file2: 7, $ino: 8}), '$file2'), {
      file: 7,
      node: undefined,
    }))
})

describe('isStill', () => {
  const cases: readonly {
    name: string
    known: {file: Int | undefined; node: Int | undefined}
    want: boolean
  }[] = [
    {name: 'the same', known: {file: 7, node: 8}, want: true},
    {name: 'another file', known: {file: 6, node: 8}, want: false},
    {name: 'the same memory for another node', known: {file: 7, node: 9}, want: false},
    {name: 'nothing known', known: {file: undefined, node: undefined}, want: true},
    {name: 'the node known from a list', known: {file: undefined, node: 8}, want: true},
    {name: 'another node than in a list', known: {file: undefined, node: 9}, want: false},
  ]
  for (const {name, known, want} of cases)
    it(name, () => {
      const info = newFd(FD.file, {identity: known})
      assert.equal(isStill(info, {file: 7, node: 8}), want)
      if (want) assert.deepEqual(info.identity, {file: 7, node: 8})
    })
})

describe('copyOf', () => {
  const of = (file: number, node: number) =>
    newFd(FD.file, {name: `${file}`, identity: {file, node}})

  it('finds the descriptor with the same open file', () => {
    const found = copyOf([of(1, 8), of(7, 9), of(7, 8)], {file: 7, node: 8})
    assert.equal(found?.name, '7')
    assert.deepEqual(found?.identity, {file: 7, node: 8})
  })

  it('takes none of which the file is not known', () => {
    const unknown = newFd(FD.file, {identity: {file: undefined, node: 8}})
    assert.equal(copyOf([unknown], {file: 7, node: 8}), undefined)
  })
})

describe('shownFd', () => {
  const identity = {file: 7, node: 8}
  const cases: readonly {name: string; mode: number; want: number | undefined}[] = [
    {name: 'a file', mode: 0o100644, want: FD.file},
    {name: 'a device', mode: 0o020666, want: FD.file},
    {name: 'a directory', mode: 0o040755, want: FD.directory},
    {name: 'a pipe', mode: 0o010600, want: FD.pipe},
    {name: 'a socket', mode: 0o140777, want: undefined},
    {name: 'no node of a file system', mode: 0o600, want: undefined},
  ]
  for (const {name, mode, want} of cases)
    it(name, () => {
      const info = shownFd(eventOf({$mode: mode, $real: '/etc/shadow'}), identity)
      assert.equal(info?.type, want)
      if (want === undefined) return
      assert.equal(info?.name, want === FD.pipe ? '' : '/etc/shadow')
      assert.deepEqual([info?.inode, info?.identity], [8, identity])
    })

  it('shows nothing that was not captured', () =>
    assert.equal(shownFd(eventOf({}), identity), undefined))
})
