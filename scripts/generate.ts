import {mkdirSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {packageRoot} from '../src/paths.ts'
import {generatedDocs} from './generated-docs.ts'

for (const {path, text} of generatedDocs()) {
  const target = join(packageRoot, path)
  mkdirSync(dirname(target), {recursive: true})
  writeFileSync(target, text)
  process.stdout.write(`${path}\n`)
}
