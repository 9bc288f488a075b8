import assert from 'node:assert/strict'
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {describe, it} from 'mocha'
import {runEventTypes} from '../../scripts/conformance/event-types.ts'
import {runOperators} from '../../scripts/conformance/operators.ts'
import {packageRoot} from '../../src/paths.ts'

const folder = join(packageRoot, '..', 'shared', 'conformance')

describe('conformance of conditions', () => {
  for (const [name, run] of [
    ['operators', runOperators],
    ['event_types', runEventTypes],
  ] as const) {
    it(`passes every case of ${name}`, async function () {
      if (!existsSync(folder)) {
        console.log(`skipped: no ${folder}`)
        this.skip()
      }
      const result = await run(folder)
      assert.ok(result !== undefined && result.passed > 0)
      assert.deepEqual(result.failed, [])
    })
  }
})
