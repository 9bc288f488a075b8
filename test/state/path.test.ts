import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {directoryOf, fileNameOf, foldPath, resolvePath} from '../../src/state/path.ts'

describe('paths', () => {
  const joins: readonly {directory: string | undefined; name: string; want: string}[] = [
    {directory: '/home/a', name: 'x', want: '/home/a/x'},
    {directory: '/home/a', name: './x', want: '/home/a/x'},
    {directory: '/home/a', name: '../x', want: '/home/x'},
    {directory: '/home/a', name: '/etc//passwd', want: '/etc/passwd'},
    {directory: '/', name: 'x', want: '/x'},
    {directory: '/', name: '../../x', want: '/x'},
    {directory: '/a', name: '', want: '/a'},
    {directory: undefined, name: 'x', want: '<UNKNOWN>/x'},
    {directory: undefined, name: '/x', want: '/x'},
  ]
  for (const {directory, name, want} of joins) {
    it(`joins ${directory ?? 'an unknown directory'} and '${name}'`, () =>
      assert.equal(resolvePath(directory, name), want))
  }

  const folds: readonly [string, string][] = [
    ['/a/./b', '/a/b'],
    ['/a/../b', '/b'],
    ['/a//b/', '/a/b'],
    ['/..', '/'],
    ['/.hidden/x', '/.hidden/x'],
    ['/a/..x', '/a/..x'],
  ]
  for (const [path, want] of folds) it(`folds ${path}`, () => assert.equal(foldPath(path), want))

  it('splits off the last name', () => {
    assert.deepEqual([directoryOf('/etc/passwd'), fileNameOf('/etc/passwd')], ['/etc', 'passwd'])
    assert.deepEqual([directoryOf('/x'), fileNameOf('/x')], ['/', 'x'])
  })
})
