import assert from 'node:assert/strict'
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, it} from 'mocha'
import {generatedDocs} from '../scripts/generated-docs.ts'
import {packageRoot} from '../src/paths.ts'

describe('generated documents', () => {
  for (const {path, text} of generatedDocs()) {
    it(`${path} is what the tables say (npm run generate)`, () => {
      assert.equal(readFileSync(join(packageRoot, path), 'utf8'), text)
    })
  }
})
