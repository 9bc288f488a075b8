import assert from 'node:assert/strict'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {runCli} from '../../../../src/cli/cli.ts'
import {fakeIo} from '../../../support/io.ts'
import {answer, type Receiver, startReceiver} from '../../../support/receiver.ts'

describe('config', () => {
  let folder: string
  let file: string
  let good: Receiver
  let bad: Receiver
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'config-'))
    file = join(folder, 'detector.yaml')
    good = await startReceiver()
    bad = await startReceiver([answer(403)])
    writeFileSync(
      file,
      `outputs:
  - {type: webhook, name: good, url: "${good.url}/s3cret"}
  - {type: slack, name: bad, url: "${bad.url}/s3cret"}
`,
    )
  })
  afterEach(() => {
    good.close()
    bad.close()
    rmSync(folder, {recursive: true})
  })

  it('check names the outputs and sends nothing', async () => {
    const io = fakeIo()
    assert.equal(await runCli(['config', 'check', '-c', file], io), 0)
    assert.equal(io.out(), `${file}: ok; outputs: good, bad\n`)
    assert.equal(good.heard.length + bad.heard.length, 0)
  })

  it('check points to mistakes', async () => {
    writeFileSync(file, 'outputs:\n  - type: slack\n')
    const io = fakeIo()
    assert.equal(await runCli(['config', 'check', '-c', file], io), 2)
    assert.match(io.err(), /detector\.yaml:2:5: outputs\[0\] needs the key url/)
  })

  it('test-output sends one alert to the output of the name', async () => {
    const io = fakeIo()
    assert.equal(await runCli(['config', 'test-output', 'good', '-c', file], io), 0)
    assert.match(io.out(), /good: took the test alert/)
    const [alert] = good.json() as {id: string; tags: string[]}[]
    assert.match(alert?.id ?? '', /^test-/)
    assert.deepEqual([alert?.tags, bad.heard.length], [['test'], 0])
  })

  it('test-output says what an output answers, and ends with 1', async () => {
    const io = fakeIo()
    assert.equal(await runCli(['config', 'test-output', '-c', file, '--json'], io), 1)
    assert.deepEqual(JSON.parse(io.out()), [
      {output: 'good', delivered: true},
      {output: 'bad', delivered: false, permanent: true, error: 'bad: answered 403'},
    ])
  })

  it('test-output knows no other name', async () => {
    const io = fakeIo()
    assert.equal(await runCli(['config', 'test-output', 'goof', '-c', file], io), 2)
    assert.match(io.err(), /did you mean good\?/)
  })
})
