import assert from 'node:assert/strict'
import {mkdtempSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {describe, it} from 'mocha'
import {parseGroup, parsePasswd, Users} from '../../src/state/users.ts'

describe('Users', () => {
  it('reads accounts, the first of two with one id', () => {
    const users = parsePasswd(
      'root:x:0:0:root:/root:/bin/bash\ntoor:x:0:0::/:/bin/sh\n\nbroken\nbad:x:y:0::/:\n',
    )
    assert.deepEqual([...users], [[0, {name: 'root', home: '/root', shell: '/bin/bash'}]])
    assert.deepEqual([...parseGroup('wheel:x:10:a,b\n+::\n')], [[10, 'wheel']])
  })

  it('follows a file that is replaced, and keeps the last content while it is away', () => {
    const folder = mkdtempSync(join(tmpdir(), 'detector-users-'))
    const path = join(folder, 'passwd')
    let nowMs = 0
    const users = new Users(() => nowMs, path, join(folder, 'group'))
    const name = (): string | undefined => {
      nowMs += 10_000
      return users.user(1)?.name
    }
    try {
      assert.equal(name(), undefined)
      writeFileSync(path, 'a:x:1:1::/:/\n')
      assert.equal(name(), 'a')
      writeFileSync(`${path}+`, 'bee:x:1:1::/:/\n')
      renameSync(`${path}+`, path)
      assert.equal(name(), 'bee')
      rmSync(path)
      assert.equal(name(), 'bee')
    } finally {
      rmSync(folder, {recursive: true})
    }
  })
})
