import assert from 'node:assert/strict'
import {existsSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, it} from 'mocha'
import {type VerifierCase, verifierInput} from '../../scripts/conformance/verifier.ts'
import {Btf} from '../../src/bpf/btf.ts'
import {packageRoot} from '../../src/paths.ts'
import {reportText} from '../../src/verifier/report.ts'
import {verify} from '../../src/verifier/verify.ts'

const FILE = join(packageRoot, '../shared/conformance/verifier.json')
const TYPES = '/sys/kernel/btf/vmlinux'

describe("the verifier's verdicts", function () {
  this.timeout(30_000)
  if (!existsSync(FILE) || !existsSync(TYPES)) {
    it.skip('are those of the kernel: no cases or no kernel types here')
    return
  }
  const btf = new Btf(readFileSync(TYPES))
  for (const testCase of JSON.parse(readFileSync(FILE, 'utf8')) as VerifierCase[]) {
    it(`${testCase.expect}: ${testCase.name}`, () => {
      const input = verifierInput(testCase, btf)
      const result = verify(input)
      assert.equal(result.ok, testCase.expect === 'accept', reportText(input.code, result))
    })
  }
})
