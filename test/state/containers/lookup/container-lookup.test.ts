import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {DEFAULT_CONFIG} from '../../../../src/schema/config/config.ts'
import {containerInfo} from '../../../../src/state/containers/container-info.ts'
import {
  createContainerLookup,
  lookupIn,
} from '../../../../src/state/containers/lookup/container-lookup.ts'
import type {ContainerSource, SourceAnswer} from '../../../../src/state/containers/lookup/source.ts'
import {ID, mkFolder, mkRequest} from './requests.ts'

const info = (name: string) =>
  containerInfo({id: ID.slice(0, 12), fullId: ID, runtime: 'docker', name})
const request = mkRequest('docker')

/** Gives one answer after the other, the last one for ever. */
const mkSource = (name: string, ...answers: SourceAnswer[]): ContainerSource & {asked: number} => ({
  name,
  asked: 0,
  ask(): Promise<SourceAnswer> {
    const answer = answers[Math.min(this.asked++, answers.length - 1)]!
    return Promise.resolve(answer)
  },
})
/** Answers nothing until the time is up. */
const silent = (name: string): ContainerSource & {asked: number} => ({
  name,
  asked: 0,
  ask(_request, timeoutMs): Promise<SourceAnswer> {
    this.asked++
    return new Promise(resolve => setTimeout(() => resolve('unreachable'), timeoutMs + 1))
  },
})

describe('lookupIn', () => {
  it('prefers a server to files, and servers in their order', async () => {
    const sources = {
      servers: [mkSource('a', 'unreachable'), mkSource('b', info('b')), mkSource('c', info('c'))],
      files: [mkSource('f', info('f'))],
    }
    assert.equal((await lookupIn(() => sources, 1000).lookup(request))?.name, 'b')
  })

  it('takes the word of files when no server answers in time', async () => {
    const sources = {servers: [silent('a')], files: [mkSource('f', info('f'))]}
    const {lookup, counts} = lookupIn(() => sources, 50)
    assert.equal((await lookup(request))?.name, 'f')
    assert.equal(counts.found, 1)
  })

  it('asks again while a runtime is there but does not have it yet', async () => {
    const source = mkSource('a', 'unknown', 'unknown', info('a'))
    const {lookup} = lookupIn(() => ({servers: [source], files: []}), 2000)
    assert.equal((await lookup(request))?.name, 'a')
    assert.equal(source.asked, 3)
  })

  it('gives up at once where nobody is', async () => {
    const source = mkSource('a', 'unreachable')
    const {lookup, counts} = lookupIn(() => ({servers: [source], files: []}), 10_000)
    assert.equal(await lookup(request), undefined)
    assert.equal(source.asked, 1)
    assert.deepEqual({...counts}, {asked: 1, found: 0, notFound: 1, timeout: 0, refused: 0})
  })

  it('gives up when the time is up', async () => {
    const sources = {servers: [mkSource('a', 'unknown')], files: []}
    const {lookup, counts} = lookupIn(() => sources, 60)
    assert.equal(await lookup(request), undefined)
    assert.equal(counts.timeout, 1)
  })

  it('leaves one alone for a while who did not answer in time three times in a row', async () => {
    const source = silent('a')
    const {lookup} = lookupIn(() => ({servers: [source], files: [mkSource('f', info('f'))]}), 30)
    for (let time = 0; time < 4; time++) assert.equal((await lookup(request))?.name, 'f')
    assert.equal(source.asked, 3)
  })

  it('knows what the control group says when nobody knows more', async () => {
    const {lookup} = lookupIn(() => ({servers: [], files: []}), 50)
    const found = await lookup(mkRequest('bpm', 'job'))
    assert.deepEqual([found?.id, found?.runtime], ['job', 'bpm'])
  })

  it('has few questions under way, and refuses when too many wait', async () => {
    let running = 0
    let most = 0
    const source: ContainerSource = {
      name: 'a',
      ask: async () => {
        most = Math.max(most, ++running)
        await new Promise(resolve => setImmediate(resolve))
        running--
        return info('a')
      },
    }
    const {lookup, counts} = lookupIn(() => ({servers: [source], files: []}), 5000)
    const answers = await Promise.all(Array.from({length: 1100}, () => lookup(request)))
    assert.equal(most, 8)
    assert.equal(answers.filter(answer => answer === undefined).length, counts.refused)
    assert.equal(counts.refused, 1100 - 8 - 1024)
    assert.equal(counts.found, 8 + 1024)
    assert.equal((await lookup(request))?.name, 'a')
  })
})

describe('createContainerLookup', () => {
  it('finds a container by the files below the root of the host', async () => {
    const folder = mkFolder()
    try {
      folder.write(`var/lib/docker/containers/${ID}/config.v2.json`, {ID, Name: '/web'})
      folder.write('var/lib/lxc/box/config', 'lxc.uts.name = box1\n')
      const {lookup} = createContainerLookup({
        ...DEFAULT_CONFIG.containers,
        hostRoot: folder.path,
      })
      assert.equal((await lookup(request))?.name, 'web')
      assert.equal((await lookup(mkRequest('lxc', 'box')))?.name, 'box1')
      assert.equal((await lookup(mkRequest('bpm', 'job')))?.runtime, 'bpm')
      assert.equal(await lookup(mkRequest('cri', 'f'.repeat(64))), undefined)
    } finally {
      folder.remove()
    }
  })
})
