/** Made-up events and lists for captures, by chance and by hand. */
import fc from 'fast-check'
import {CAPTURES} from '../../src/schema/capture-table.ts'
import type {Event, LiveFacts} from '../../src/schema/event.ts'
import type {EventDef} from '../../src/schema/event-pair.ts'
import {currentEvent, EVENT_PAIRS} from '../../src/schema/event-table.ts'
import {canonicalInt, type Int} from '../../src/schema/value.ts'
import type {CaptureHandler} from '../../src/sensor/scap/capture-handler.ts'
import {paramForm} from '../../src/sensor/scap/event-form.ts'
import type {ListedFd, ListedThread} from '../../src/state/metadata.ts'

/** Values of an event by name. */
export type Values = Readonly<Record<string, Int | string | undefined>>

/** An event of today's tables with these values. */
export function madeEvent(
  def: EventDef | string,
  values: Values,
  parts: Partial<Pick<Event, 'num' | 'tid' | 'cpu' | 'live' | 'paramCount'>> & {
    readonly time?: bigint
  } = {},
): Event {
  const known = typeof def === 'string' ? currentEvent(def)! : def
  const {time = 1_700_000_001_000_000_000n, ...rest} = parts
  return {
    num: 1,
    def: known,
    tid: 7,
    cpu: 0,
    paramCount: known.params.length,
    live: undefined,
    timeNs: () => time,
    get: name => (Object.hasOwn(values, name) ? values[name] : undefined),
    ...rest,
  }
}

/** Events that today's sensors deliver, in the form in which they deliver them. */
export const CURRENT_DEFS: readonly EventDef[] = EVENT_PAIRS.filter(
  ({status}) => status === 'current',
).flatMap(({exit, enter}) => exit ?? enter ?? [])

/** Everything of an event that a reader can ask for. */
export function facts(event: Event, extra: readonly string[] = []): object {
  const names = [...event.def.params.map(({name}) => name), ...extra]
  const {live} = event
  return {
    def: event.def,
    tid: event.tid,
    cpu: event.cpu,
    paramCount: event.paramCount,
    time: event.timeNs(),
    values: names.map(name => [name, event.get(name)]),
    live: live && {
      kind: live.kind,
      pid: live.pid,
      uid: live.uid,
      gid: live.gid,
      startedNs: live.startedNs,
      copied: live.copied,
      cut: names.filter(name => live.isCut(name)),
    },
  }
}

/** Takes only events; what stands in the lists is thrown away. */
export function eventHandler(event: CaptureHandler['event']): CaptureHandler {
  const drop = (): void => undefined
  return {
    machine: drop,
    thread: drop,
    fd: drop,
    networkInterface: drop,
    user: drop,
    group: drop,
    event,
  }
}

const bytes = (least: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({minLength: least, maxLength: 40})
    .map(array => Buffer.from(array).toString('latin1'))

/** A value that a parameter of this type can have in a capture. */
export function arbitraryValue(type: string): fc.Arbitrary<Int | string> {
  const {kind, size} = paramForm(type)
  if (kind === 'text') return bytes(0).map(text => text.replaceAll('\0', 'x'))
  if (kind === 'bytes') return bytes(1)
  const bits = BigInt(size * 8)
  const [least, most] =
    kind === 'signed' ? [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n] : [0n, 2n ** bits - 1n]
  const edges = fc.constantFrom(least, most, 0n, 1n, 2n ** (bits - 1n) - 1n)
  return fc.oneof(fc.bigInt({min: least, max: most}), edges).map(canonicalInt)
}

const idNumber = fc.integer({min: 0, max: 0xffff_ffff})
const time = fc.bigInt({min: 0n, max: 2n ** 63n - 1n})

/** An event of this definition, with some values missing. */
export function arbitraryEvent(def: EventDef): fc.Arbitrary<Event> {
  const values = fc.record(
    Object.fromEntries(
      def.params.map(({name, type}) => [name, fc.option(arbitraryValue(type), {nil: undefined})]),
    ),
  )
  return fc
    .record({
      values,
      num: fc.integer({min: 1, max: 2 ** 40}),
      tid: fc.integer({min: -1, max: 2 ** 22}),
      cpu: fc.integer({min: 0, max: 0xffff}),
      time,
    })
    .map(({values: own, ...parts}) => madeEvent(def, own as Values, parts))
}

/** What the live sensor tells beside an event, and values that only the state uses. */
export function arbitraryLive(): fc.Arbitrary<{readonly live: LiveFacts; readonly extra: Values}> {
  return fc.constantFrom(...CAPTURES).chain(({kind, values}) => {
    const names = Object.keys(values).filter(name => name.startsWith('$'))
    const value = fc.oneof(arbitraryValue('int64'), arbitraryValue('uint64'), bytes(0))
    return fc
      .record({
        pid: fc.integer({min: 1, max: 2 ** 22}),
        uid: idNumber,
        gid: idNumber,
        startedNs: fc.double({min: 0, max: 1e18, noNaN: true}),
        copied: fc.constantFrom('entry', 'exit', 'changed', undefined),
        cut: fc.boolean(),
        extra: fc.record(
          Object.fromEntries(names.map(name => [name, fc.option(value, {nil: undefined})])),
        ),
      })
      .map(({extra, cut, ...rest}) => ({
        extra: extra as Values,
        live: {kind, ...rest, isCut: name => cut && (extra as Values)[name] !== undefined},
      }))
  })
}

/** A thread of the process list. */
export const LISTED_THREAD: ListedThread = {
  tid: 7,
  pid: 7,
  parentTid: 1,
  sid: 7,
  vpgid: 7,
  pgid: 7,
  vtid: 7,
  vpid: 7,
  comm: 'cat',
  exe: 'cat',
  exePath: '/usr/bin/cat',
  args: ['-n', 'x'],
  env: ['HOME=/root'],
  cgroups: ['cpu=/'],
  cwd: '/work',
  fdLimit: 1024,
  flags: 0,
  uid: 0,
  gid: 0,
  vmSizeKb: 1,
  vmRssKb: 2,
  vmSwapKb: 3,
  majorFaults: 4,
  minorFaults: 2n ** 60n,
  namespaceStartNs: 2n ** 62n,
  tty: 34_816,
  loginUid: 1000,
  exeWritable: true,
  exeUpperLayer: false,
  exeLowerLayer: true,
  exeFromMemory: false,
  capInheritable: 0n,
  capPermitted: 2n ** 63n,
  capEffective: 1n,
  exeInode: 2n ** 60n,
  exeCtimeNs: 5n,
  exeMtimeNs: 6n,
}

const FD: ListedFd = {
  fd: 3,
  type: 1,
  inode: 5,
  name: '',
  openFlags: 0,
  device: 0,
  protocol: 0,
}

/** One descriptor of every type that can be listed. */
export const LISTED_FDS: readonly ListedFd[] = [
  ...[3, 4].map(type => ({
    ...FD,
    type,
    protocol: 2,
    ends: {
      sourceAddress: type === 3 ? '\n\0\0\x01' : 'abcdefghijklmnop',
      sourcePort: 4711,
      targetAddress: type === 3 ? '\n\0\0\xff' : 'ABCDEFGHIJKLMNOP',
      targetPort: 65_535,
    },
  })),
  ...[5, 6].map(type => ({
    ...FD,
    type,
    protocol: 3,
    listens: {address: type === 5 ? '\0\0\0\0' : 'abcdefghijklmnop', port: 80},
  })),
  {...FD, type: 8, name: '/run/x', unix: {source: 2n ** 63n, target: 5n}},
  {...FD, type: 16, name: '/etc/pass\xffwd', openFlags: 0x1001, device: 2049},
  ...[1, 2, 7, 9, 10, 11, 12, 13, 14, 15, 17, 18, 19, 20, 21].map(type => ({
    ...FD,
    type,
    name: `name of ${type}`,
  })),
].map((fd, i) => ({...fd, fd: i}))
