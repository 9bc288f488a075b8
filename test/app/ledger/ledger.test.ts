import assert from 'node:assert/strict'
import fc from 'fast-check'
import {describe, it} from 'mocha'
import {CAUSE_NAMES, type Cause} from '../../../src/app/ledger/causes.ts'
import {createLedger, type LedgerChange} from '../../../src/app/ledger/ledger.ts'

const SOME = {rules: ['a'], total: 1}

function add(cause: Cause, atMs: number, extra: Partial<LedgerChange> = {}): LedgerChange {
  return {
    change: 'add',
    cause,
    count: 1,
    atMs,
    generation: 1,
    affected: SOME,
    ...extra,
  } as LedgerChange
}

function begin(cause: Cause, atMs: number, extra: Partial<LedgerChange> = {}): LedgerChange {
  return {...add(cause, atMs), change: 'begin', ...extra} as LedgerChange
}

function end(cause: Cause, atMs: number): LedgerChange {
  return {change: 'end', cause, atMs}
}

describe('the ledger', () => {
  const merging: {name: string; changes: LedgerChange[]; want: [number, number, number][]}[] = [
    {
      name: 'makes one entry of misses of one place that follow each other closely',
      changes: [
        add('cut', 0, {kind: 'open'}),
        add('cut', 50, {kind: 'open'}),
        add('cut', 150, {kind: 'open'}),
      ],
      want: [[0, 150, 3]],
    },
    {
      name: 'makes another entry after a pause',
      changes: [add('cut', 0), add('cut', 101)],
      want: [
        [0, 0, 1],
        [101, 101, 1],
      ],
    },
    {
      name: 'keeps kinds apart',
      changes: [add('cut', 0, {kind: 'open'}), add('cut', 1, {kind: 'exec'})],
      want: [
        [0, 0, 1],
        [1, 1, 1],
      ],
    },
    {
      name: 'keeps details apart, and a detail from a kind',
      changes: [
        add('cut', 0, {detail: 'x'}),
        add('cut', 1, {detail: 'y'}),
        add('cut', 2, {kind: 'x'}),
      ],
      want: [
        [0, 0, 1],
        [1, 1, 1],
        [2, 2, 1],
      ],
    },
    {
      name: 'keeps generations apart, for other rules are concerned',
      changes: [add('cut', 0), add('cut', 1, {generation: 2})],
      want: [
        [0, 0, 1],
        [1, 1, 1],
      ],
    },
    {
      name: 'adds intervals of many reloads up',
      changes: [
        begin('reload', 0, {generation: 2}),
        end('reload', 10),
        begin('reload', 20, {generation: 3}),
        end('reload', 25),
      ],
      want: [[0, 25, 2]],
    },
  ]
  for (const {name, changes, want} of merging) {
    it(name, () => {
      const ledger = createLedger({mergeMs: 100})
      for (const change of changes) ledger.take(change)
      assert.deepEqual(
        ledger.view(1000).entries.map(({firstMs, lastMs, count}) => [firstMs, lastMs, count]),
        want,
      )
    })
  }

  it('lets an interval last until it is ended, then no longer', () => {
    const ledger = createLedger()
    ledger.take(begin('restart', 100))
    const [open] = ledger.view(350).entries
    assert.deepEqual([open?.open, open?.durationMs, open?.lastMs], [true, 250, 350])
    assert.deepEqual(
      ledger.view(350).totals.map(total => [total.open, total.durationMs]),
      [[1, 250]],
    )
    ledger.take(end('restart', 400))
    ledger.take(end('restart', 900))
    const [closed] = ledger.view(1000).entries
    assert.deepEqual([closed?.open, closed?.durationMs, closed?.lastMs], [false, 300, 400])
    assert.equal(ledger.view(1000).totals[0]?.durationMs, 300)
  })

  it('takes a beginning while it lasts for more of the same', () => {
    const ledger = createLedger({mergeMs: 1})
    ledger.take(begin('state_incomplete', 0, {count: 5}))
    ledger.take(begin('state_incomplete', 5000, {count: 2, generation: 9}))
    const {entries} = ledger.view(6000)
    assert.deepEqual(
      entries.map(({count, durationMs, generation}) => [count, durationMs, generation]),
      [[7, 6000, 9]],
    )
  })

  it('ends what the detection thread left open', () => {
    const ledger = createLedger()
    ledger.take(begin('state_incomplete', 0))
    ledger.take(begin('rules_refused', 0))
    ledger.endAll(['state_incomplete'], 10)
    assert.deepEqual(
      ledger.view(100).totals.map(({cause, open, durationMs}) => [cause, open, durationMs]),
      [
        ['state_incomplete', 0, 10],
        ['rules_refused', 1, 100],
      ],
    )
  })

  it('ignores the end of what never began', () => {
    const ledger = createLedger()
    ledger.take(end('reload', 5))
    assert.deepEqual(ledger.view(10), {totals: [], entries: [], forgotten: 0})
  })

  it('gives up closed entries before open ones, and an open one keeps its time in the totals', () => {
    const ledger = createLedger({maxEntries: 2, mergeMs: 0})
    ledger.take(begin('rules_refused', 0))
    for (const atMs of [1, 3, 5]) ledger.take(add('cut', atMs))
    assert.deepEqual(
      ledger.view(10).entries.map(({cause, firstMs}) => [cause, firstMs]),
      [
        ['rules_refused', 0],
        ['cut', 5],
      ],
    )
    ledger.take(begin('reload', 20))
    ledger.take(begin('restart', 30))
    const {entries, totals, forgotten} = ledger.view(40)
    assert.equal(entries.length, 2)
    assert.equal(forgotten, 4)
    assert.equal(totals.find(({cause}) => cause === 'rules_refused')?.durationMs, 30)
  })

  it('keeps some of the names of the rules that are concerned, and how many they are', () => {
    const ledger = createLedger()
    const names = Array.from({length: 20}, (_, i) => `r${i}`)
    ledger.take(add('cut', 0, {affected: {rules: names.slice(0, 5), total: 5}}))
    ledger.take(add('cut', 1, {affected: {rules: names.slice(3, 11), total: 400}}))
    const [entry] = ledger.view(2).entries
    assert.deepEqual(entry?.affected, {rules: names.slice(0, 8), total: 400})
  })

  it('loses no count, whatever comes and however few entries there is room for', () => {
    const change = fc.record({
      cause: fc.constantFrom(...CAUSE_NAMES),
      kind: fc.constantFrom('open', 'exec', undefined),
      detail: fc.constantFrom('x', undefined),
      count: fc.integer({min: 1, max: 1000}),
      step: fc.integer({min: 0, max: 200}),
      generation: fc.integer({min: 1, max: 3}),
      change: fc.constantFrom('add', 'begin', 'end'),
    })
    fc.assert(
      fc.property(
        fc.array(change, {maxLength: 60}),
        fc.integer({min: 1, max: 5}),
        (all, maxEntries) => {
          const ledger = createLedger({maxEntries, mergeMs: 100})
          const want = new Map<Cause, number>()
          const kinds = new Map<string, number>()
          let atMs = 0
          for (const {step, cause, kind, detail, count, generation, change: what} of all) {
            atMs += step
            if (what === 'end') {
              ledger.take({change: 'end', cause, kind, detail, atMs})
              continue
            }
            const change = what as 'add' | 'begin'
            ledger.take({change, cause, kind, detail, count, atMs, generation, affected: SOME})
            want.set(cause, (want.get(cause) ?? 0) + count)
            if (kind === undefined) continue
            kinds.set(`${cause} ${kind}`, (kinds.get(`${cause} ${kind}`) ?? 0) + count)
          }
          const {totals, entries, forgotten} = ledger.view(atMs)
          assert.deepEqual(new Map(totals.map(total => [total.cause, total.count])), sorted(want))
          for (const {cause, byKind} of totals)
            for (const [kind, count] of Object.entries(byKind))
              assert.equal(count, kinds.get(`${cause} ${kind}`))
          assert.ok(entries.length <= maxEntries)
          const inEntries = entries.reduce((sum, {count}) => sum + count, 0)
          const inAll = totals.reduce((sum, {count}) => sum + count, 0)
          if (forgotten === 0) assert.equal(inEntries, inAll)
          else assert.ok(inEntries < inAll)
        },
      ),
    )
  })
})

/** In the order of the table of causes, as the ledger gives its totals. */
function sorted(counts: ReadonlyMap<Cause, number>): Map<Cause, number> {
  return new Map(
    CAUSE_NAMES.filter(cause => counts.has(cause)).map(cause => [cause, counts.get(cause)!]),
  )
}
