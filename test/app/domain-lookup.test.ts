import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {createDomainLookup, domainNamesIn, type NameServer} from '../../src/app/domain-lookup.ts'
import {checkFilter} from '../../src/compiler/check.ts'
import {parseCondition} from '../../src/compiler/condition/parser.ts'
import {type AddressName, DomainNames} from '../../src/state/domain-names.ts'
import {eventually} from '../support/eventually.ts'

const bytes = (...values: number[]): string => String.fromCharCode(...values)

describe('domainNamesIn', () => {
  const cases: readonly {condition: string; want: string[]}[] = [
    {condition: 'fd.sip.name = a.example.com', want: ['a.example.com']},
    {
      condition: 'evt.type = connect and not fd.cip.name in (a.example.com, b.example.com)',
      want: ['a.example.com', 'b.example.com'],
    },
    {condition: 'fd.sip.name = "no such/name.com"', want: []},
    {condition: 'proc.name = a.example.com', want: []},
  ]
  for (const {condition, want} of cases) {
    it(`finds ${want.length} names in ${condition}`, () => {
      const parsed = parseCondition(condition)
      const checked = parsed.ok ? checkFilter(parsed.expr) : undefined
      assert.ok(checked?.ok)
      assert.deepEqual(domainNamesIn(checked.condition), want)
    })
  }
})

describe('createDomainLookup', () => {
  const server: NameServer = {
    resolve4: async name => {
      if (name === 'gone.example.com') throw new Error('ENOTFOUND')
      return ['10.0.0.1']
    },
    resolve6: async name => (name === 'b.example.com' ? ['fd00::1'] : []),
  }

  it('gives the addresses of all names that have some', async () => {
    const given: (readonly AddressName[])[] = []
    const lookup = createDomainLookup(entries => given.push(entries), server)
    try {
      lookup.follow(['gone.example.com', 'b.example.com', 'a.example.com'])
      await eventually(() => given.length === 1)
      const names = new DomainNames()
      names.set(given[0]!)
      assert.equal(names.nameOf(bytes(10, 0, 0, 1)), 'a.example.com')
      assert.equal(names.nameOf(`\xfd${'\0'.repeat(14)}\x01`), 'b.example.com')
      assert.equal(names.nameOf(bytes(10, 0, 0, 2)), undefined)
      lookup.follow([])
      assert.deepEqual(given[1], [])
    } finally {
      lookup.close()
    }
  })
})
