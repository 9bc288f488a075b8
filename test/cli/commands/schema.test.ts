import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {runCli} from '../../../src/cli/cli.ts'
import {ALERT_SCHEMA} from '../../../src/outputs/formats/detector-json.ts'
import {EDITOR_SCHEMAS} from '../../../src/schema/editor-schemas.ts'
import {fakeIo} from '../../support/io.ts'

describe('schema', () => {
  for (const kind of ['rules', 'config'] as const) {
    it(`prints the schema of ${kind}`, async () => {
      const io = fakeIo()
      assert.equal(await runCli(['schema', kind], io), 0)
      assert.deepEqual(JSON.parse(io.out()), EDITOR_SCHEMAS[kind])
      assert.equal(io.err(), '')
    })
  }

  it('prints the schema of alerts', async () => {
    const io = fakeIo()
    assert.equal(await runCli(['schema', 'alert'], io), 0)
    assert.deepEqual(JSON.parse(io.out()), ALERT_SCHEMA)
  })

  it('knows no other', async () => {
    assert.equal(await runCli(['schema', 'events'], fakeIo()), 2)
  })
})
