import {clockText, dateTimeText, isoTime, withNanoseconds} from '../../schema/time-text.ts'
import {canonicalInt} from '../../schema/value.ts'
import type {MatchContext} from '../match-context.ts'
import {type FieldFactory, type FieldSource, plain} from './field-source.ts'

const NS_PER_SECOND = 1_000_000_000n

/** Times of the event. What newer sensors do not measure any more is zero. */
export const TIME_FIELDS: FieldSource = {
  'evt.time': plain(({event}) => withNanoseconds(clockText(event.timeNs()), event.timeNs())),
  'evt.time.s': plain(({event}) => clockText(event.timeNs())),
  'evt.time.iso8601': plain(({event}) => isoTime(event.timeNs(), '+0000')),
  'evt.datetime': plain(({event}) => withNanoseconds(dateTimeText(event.timeNs()), event.timeNs())),
  'evt.datetime.s': plain(({event}) => dateTimeText(event.timeNs())),
  'evt.outputtime': plain(({event}) => canonicalInt(event.timeNs())),
  'evt.rawtime': plain(({event}) => canonicalInt(event.timeNs())),
  'evt.rawtime.s': plain(({event}) => Number(event.timeNs() / NS_PER_SECOND)),
  'evt.rawtime.ns': plain(({event}) => Number(event.timeNs() % NS_PER_SECOND)),
  'evt.reltime': plain(context => canonicalInt(sinceFirst(context))),
  'evt.reltime.s': plain(context => Number(sinceFirst(context) / NS_PER_SECOND)),
  'evt.reltime.ns': plain(context => Number(sinceFirst(context) % NS_PER_SECOND)),
  'evt.latency': plain(() => 0),
  'evt.latency.s': plain(() => 0),
  'evt.latency.ns': plain(() => 0),
  'evt.latency.quantized': plain(() => 0),
  'evt.latency.human': plain(() => '0ns'),
  'evt.wait_latency': plain(() => 0),
  'evt.deltatime': sinceLastLook(delta => delta),
  'evt.deltatime.s': sinceLastLook(delta => delta / NS_PER_SECOND),
  'evt.deltatime.ns': sinceLastLook(delta => delta % NS_PER_SECOND),
}

function sinceFirst({event, firstNs}: MatchContext): bigint {
  return BigInt.asUintN(64, event.timeNs() - firstNs)
}

/** Time since the event that this very use of the field looked at before. */
function sinceLastLook(part: (delta: bigint) => bigint): FieldFactory {
  return () => {
    let lastNs: bigint | undefined
    return ({event}) => {
      const now = event.timeNs()
      const delta = lastNs === undefined ? 0n : BigInt.asUintN(64, now - lastNs)
      lastNs = now
      return canonicalInt(part(delta))
    }
  }
}
