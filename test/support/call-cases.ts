import assert from 'node:assert/strict'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {dynamicText} from '../../src/engine/fields/dynamic-text.ts'
import type {ParamDef} from '../../src/schema/event-pair.ts'
import {currentEvent} from '../../src/schema/event-table.ts'
import {type FlagTable, flagNames} from '../../src/schema/flag-table.ts'
import {FLAG_TABLES} from '../../src/schema/tables/flags.ts'
import {addressOf, capturedAddressText, tupleOf, tupleText} from '../../src/state/socket-text.ts'
import {requireLive} from './live.ts'
import {type RecordedCalls, type RecordedValues, recordCalls} from './record-calls.ts'

/**
 * A call that a C program makes, and every parameter of its event as the record must tell it. Numbers are given as they are, or
 * as text by the names of their values; addresses, tuples and dynamic values as text; `null` is a missing value, and `'*'`
 * one that only has to be there. `{folder}`, `{pid}` and what the test replaces besides may stand in texts.
 */
export interface CallCase {
  readonly kind: string
  readonly event?: string
  readonly want: Readonly<Record<string, number | bigint | string | null>>
}

/** Addresses of kernel objects in texts. */
const KERNEL_ADDRESS = /\b[0-9a-f]{16}\b/g

/** A suite that runs a program of `test/testdata/live` once, and looks for a record of every case. */
export function describeCalls(
  title: string,
  program: string,
  cases: readonly CallCase[],
  replace: (recorded: RecordedCalls) => Readonly<Record<string, string>> = () => ({}),
  more: (recorded: () => RecordedCalls) => void = () => undefined,
): void {
  describe(title, function () {
    this.timeout(30_000)
    let folder: string
    let recorded: RecordedCalls

    before(function () {
      requireLive(this as never, {feature: 'capturing'})
      folder = mkdtempSync(join(tmpdir(), `detector-${program}-`))
      const kinds = new Set(cases.map(({kind}) => kind))
      recorded = recordCalls(this as never, program, folder, kinds)
    })
    after(() => {
      if (folder !== undefined) rmSync(folder, {recursive: true, force: true})
    })

    for (const [index, {kind, event = kind, want}] of cases.entries()) {
      it(`${kind} tells every parameter (${index + 1})`, () => {
        const words = {folder, pid: String(recorded.pid), ...replace(recorded)}
        const expected = expectedValues(want, words)
        const shown = recorded.records
          .filter(record => record.kind === kind && record.event === event)
          .map(({values}) => shownValues(event, values, expected))
        assert.ok(
          shown.some(values => JSON.stringify(values) === JSON.stringify(expected)),
          `none of ${shown.length} records is\n${JSON.stringify(expected)}\n${shown
            .slice(0, 8)
            .map(values => JSON.stringify(values))
            .join('\n')}`,
        )
        const names = currentEvent(event)!.params.map(({name}) => name)
        assert.deepEqual(
          names.filter(name => !Object.hasOwn(want, name)),
          [],
          'parameters without a wanted value',
        )
      })
    }
    more(() => recorded)
  })
}

function expectedValues(
  want: CallCase['want'],
  words: Readonly<Record<string, string>>,
): Record<string, string | number | null> {
  const inserted = (text: string): string =>
    text.replace(/\{(\w+)\}/g, (whole, word: string) =>
      Object.hasOwn(words, word) ? words[word]! : whole,
    )
  return Object.fromEntries(
    Object.entries(want).map(([name, value]) => [
      name,
      typeof value === 'string' ? inserted(value) : typeof value === 'bigint' ? `${value}n` : value,
    ]),
  )
}

function shownValues(
  event: string,
  values: RecordedValues,
  expected: Readonly<Record<string, string | number | null>>,
): Record<string, unknown> {
  const {params} = currentEvent(event)!
  return Object.fromEntries(
    Object.entries(expected).map(([name, wanted]) => {
      const value = values[name]
      if (value === undefined) return [name, null]
      if (wanted === '*') return [name, '*']
      const param = params.find(candidate => candidate.name === name)
      return [name, shownValue(param, value, typeof wanted === 'string')]
    }),
  )
}

function shownValue(
  param: ParamDef | undefined,
  value: number | bigint | string,
  asText: boolean,
): string | number {
  if (typeof value === 'string') return textOfValue(param, value)
  if (typeof value === 'bigint') return `${value}n`
  if (!asText || param?.table === undefined) return asText ? String(value) : value
  return flagNames((FLAG_TABLES as Readonly<Record<string, FlagTable>>)[param.table]!, value)
}

function textOfValue(param: ParamDef | undefined, value: string): string {
  switch (param?.type) {
    case 'socktuple': {
      const tuple = tupleOf(value)
      return tuple === undefined
        ? `cut ${value}`
        : tupleText(tuple).replace(KERNEL_ADDRESS, 'socket')
    }
    case 'sockaddr': {
      const address = addressOf(value)
      return address === undefined ? `cut ${value}` : capturedAddressText(address)
    }
    case 'dyn': {
      const {raw, resolved} = dynamicText(param, value, () => undefined)
      return resolved ?? raw
    }
    default:
      return value
  }
}
