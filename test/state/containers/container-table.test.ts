import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import type {Event} from '../../../src/schema/event.ts'
import {currentEvent} from '../../../src/schema/event-table.ts'
import type {ContainerMatch} from '../../../src/state/containers/container-id.ts'
import {containerInfo, HOST_INFO} from '../../../src/state/containers/container-info.ts'
import {
  type ContainerRequest,
  ContainerTable,
} from '../../../src/state/containers/container-table.ts'

const match = (id: string, runtime: ContainerMatch['runtime'] = 'docker'): ContainerMatch => ({
  id,
  fullId: `${id}-full`,
  runtime,
  cgroup: `/x/${id}`,
})
const info = (id: string) => containerInfo({id, fullId: `${id}-full`, runtime: 'docker', name: id})

const mkTable = (maxContainers = 100) => {
  const clock = {nowMs: 0}
  const asked: ContainerRequest[] = []
  const table = new ContainerTable({maxContainers, nowMs: () => clock.nowMs})
  table.onSeen = request => asked.push(request)
  return {table, clock, asked}
}

const containerEvent = (name: 'container' | 'asyncevent', num: number, values: object): Event => ({
  num,
  def: currentEvent(name)!,
  tid: 0,
  cpu: 0,
  paramCount: 1,
  live: undefined,
  timeNs: () => 1n,
  get: key => (values as Readonly<Record<string, string>>)[key],
})

describe('ContainerTable', () => {
  it('says of a thread on the host that it is on the host', () => {
    assert.equal(new ContainerTable().of({containerId: ''}), HOST_INFO)
  })

  it('asks once for a new container and knows it when the answer comes', () => {
    const {table, asked} = mkTable()
    assert.equal(table.see(match('a'), 7), 'pending')
    assert.equal(table.see(match('a'), 8), 'pending')
    assert.deepEqual(asked, [{...match('a'), pid: 7}])
    assert.equal(table.of({containerId: 'a'}), undefined)
    table.deliver('a', info('a'))
    assert.equal(table.see(match('a'), 9), 'known')
    assert.equal(table.of({containerId: 'a'})?.name, 'a')
    assert.equal(asked.length, 1)
  })

  it('asks again after a while for one that nobody knew, and no event waits for that', () => {
    const {table, clock, asked} = mkTable()
    table.see(match('a'), 1)
    table.deliver('a', undefined)
    clock.nowMs = 9999
    assert.equal(table.see(match('a'), 1), 'failed')
    assert.equal(asked.length, 1)
    clock.nowMs = 10_000
    assert.equal(table.see(match('a'), 1), 'failed')
    assert.equal(table.see(match('a'), 1), 'failed')
    assert.equal(asked.length, 2)
    table.deliver('a', info('a'))
    assert.equal(table.stateOf('a'), 'known')
    assert.deepEqual({...table.counts}, {seen: 1, known: 1, failed: 1, evicted: 0})
  })

  it('knows nothing of what nobody can be asked for, but for what the group says', () => {
    const table = new ContainerTable()
    assert.equal(table.see(match('a'), 1), 'failed')
    assert.equal(table.see(match('web', 'lxc'), 1), 'known')
    assert.equal(table.get('web')?.runtime, 'lxc')
  })

  it('keeps what the group says when nobody knows more', () => {
    const {table} = mkTable()
    assert.equal(table.see(match('web', 'lxc'), 1), 'pending')
    table.deliver('web', undefined)
    assert.equal(table.stateOf('web'), 'known')
    assert.equal(table.get('web')?.runtime, 'lxc')
  })

  it('drops answers for what it does not have', () => {
    const {table} = mkTable()
    table.see(match('a'), 1)
    table.remove('a')
    table.deliver('a', info('a'))
    assert.equal(table.get('a'), undefined)
  })

  it('stays within its bound, gives up the unknown first, and counts', () => {
    const {table} = mkTable(3)
    for (const id of ['a', 'b', 'c']) table.see(match(id), 1)
    table.deliver('a', info('a'))
    table.deliver('b', undefined)
    table.deliver('c', info('c'))
    table.see(match('d'), 1)
    assert.deepEqual(
      table.all().map(({id}) => id),
      ['a', 'c'],
    )
    table.deliver('d', info('d'))
    table.see(match('e'), 1)
    assert.deepEqual(
      table.all().map(({id}) => id),
      ['c', 'd'],
    )
    assert.equal(table.size, 3)
    assert.equal(table.counts.evicted, 2)
  })

  it('takes container events of captures', () => {
    const table = new ContainerTable()
    const json = '{"container":{"id":"abc","name":"web","type":0}}'
    const event = containerEvent('container', 4, {json})
    table.take(event)
    assert.equal(table.of({containerId: 'abc'})?.name, 'web')
    assert.equal(table.announcedBy(event)?.id, 'abc')
    assert.equal(table.announcedBy(containerEvent('container', 5, {})), undefined)
  })

  it('takes asynchronous events, of the end of a container too', () => {
    const table = new ContainerTable()
    const data = '{"container":{"id":"abc","name":"web","type":0}}\0'
    table.take(containerEvent('asyncevent', 1, {name: 'container', data}))
    assert.equal(table.get('abc')?.name, 'web')
    table.take(containerEvent('asyncevent', 2, {name: 'other', data: '{}'}))
    const end = containerEvent('asyncevent', 3, {name: 'container_removed', data})
    table.take(end)
    assert.equal(table.get('abc'), undefined)
    assert.equal(table.announcedBy(end)?.name, 'web')
  })

  it('survives container events with nonsense in them', () => {
    const table = new ContainerTable()
    for (const json of ['', '{', 'null', '{"id":{}}', '{"container":{"id":""}}'])
      table.take(containerEvent('container', 1, {json}))
    table.take(containerEvent('container', 1, {}))
    assert.equal(table.size, 0)
  })
})
