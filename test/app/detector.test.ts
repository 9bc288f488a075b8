import assert from 'node:assert/strict'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, it} from 'mocha'
import type {
  DetectionEvents,
  ReceivedStatus,
  ReloadTimes,
  RunningDetection,
} from '../../src/app/detection/detection.ts'
import type {DetectionSummary} from '../../src/app/detection/protocol.ts'
import {startDetector} from '../../src/app/detector.ts'
import type {DetectorSettings, RunningDetector} from '../../src/app/detector-run.ts'
import {CodedError} from '../../src/diagnostics/error.ts'
import type {Alert} from '../../src/schema/alert.ts'
import {DEFAULT_CONFIG} from '../../src/schema/config/config.ts'
import {eventually} from '../support/eventually.ts'

const RULE = '- rule: r\n  desc: d\n  condition: evt.type = creat\n  output: x\n  priority: DEBUG\n'

const SUMMARY: DetectionSummary = {
  alerts: 0,
  byRule: {},
  byPriority: {},
  byKind: {},
  drops: {},
  socketcalls: 0,
  evictedThreads: 0,
  unknownThreads: 0,
  mendedThreads: 0,
  containers: {},
  recording: undefined,
  hooks: [],
  rules: 1,
  generation: 1,
  imbalances: [],
}

const EMPTY = {bytes: 0, sizeBytes: 1024}
const STATUS: ReceivedStatus = {
  ...SUMMARY,
  lanes: {state: EMPTY, bulk: EMPTY},
  backlog: 0,
  refusedAlerts: 0,
  threads: 1,
  stateWhole: true,
  kernelFilter: false,
  received: 0,
}

const NO_TIMES: ReloadTimes = {
  planMs: 0,
  emitMs: 0,
  packMs: 0,
  crossMs: 0,
  unpackMs: 0,
  engineMs: 0,
  loadMs: 0,
  loaded: 0,
  switchMs: 0,
  activeAtMs: 0,
  afterMs: 0,
}

describe('startDetector', () => {
  let folder: string
  let rules: string
  let detector: RunningDetector | undefined
  let log: string[]
  /** What each started detection was given, so that the test can play its part. */
  let started: DetectionEvents[]
  let loads: number[]

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'detector-app-'))
    rules = join(folder, 'rules.yaml')
    writeFileSync(rules, RULE)
    log = []
    started = []
    loads = []
  })
  afterEach(async () => {
    await detector?.stop().catch(() => {})
    detector = undefined
    rmSync(folder, {recursive: true, force: true})
  })

  const settings = (extra: Partial<DetectorSettings> = {}): DetectorSettings => ({
    rulePaths: [rules],
    ruleOptions: {
      appendOutput: [],
      selection: [],
      startOff: false,
      minPriority: 'Debug',
      skipInvalidRules: false,
    },
    matching: 'first',
    rings: {stateBytes: 1 << 20, bulkBytes: 1 << 20},
    hooks: 'auto',
    entryCopies: false,
    kernelFilter: true,
    drops: DEFAULT_CONFIG.drops,
    containers: {...DEFAULT_CONFIG.containers, enabled: false},
    recordPath: undefined,
    hostname: 'h',
    sinks: [],
    log: (level, message) => log.push(`${level}: ${message}`),
    startDetection: async (_setup, events) => {
      started.push(events)
      const detection: RunningDetection = {
        setRules: async (_files, generation) => {
          loads.push(generation)
          return {generation, rules: 1, times: NO_TIMES}
        },
        deliverContainer: () => {},
        nameAddresses: () => {},
        status: async () => STATUS,
        stop: async () => SUMMARY,
      }
      return {detection, armed: {rules: 1, kinds: [], hooks: [], hookReason: '', startScan: ''}}
    },
    ...extra,
  })

  /** A detection that answers this when asked for its status. */
  const mkDetection =
    (status: () => Promise<ReceivedStatus>): NonNullable<DetectorSettings['startDetection']> =>
    async (_setup, events) => {
      started.push(events)
      return {
        detection: {
          setRules: async (_rules, generation) => ({generation, rules: 1, times: NO_TIMES}),
          deliverContainer: () => {},
          nameAddresses: () => {},
          status,
          stop: async () => SUMMARY,
        },
        armed: {rules: 1, kinds: [], hooks: [], hookReason: '', startScan: ''},
      }
    }

  it('starts nothing when a rule is invalid, and says where', async () => {
    writeFileSync(
      rules,
      `${RULE}- rule: broken\n  desc: d\n  condition: evt.typo = x\n  output: x\n  priority: DEBUG\n`,
    )
    await assert.rejects(startDetector(settings()), (error: unknown) => {
      assert.ok(error instanceof CodedError)
      assert.equal(error.code, 'RULE_INVALID')
      assert.match(error.message, /rules\.yaml:8:/)
      assert.match(error.message, /evt\.typo/)
      return true
    })
    assert.equal(started.length, 0)
  })

  it('names what live detection does not serve', async () => {
    writeFileSync(
      rules,
      RULE.replace('evt.type = creat', 'evt.type = creat and evt.pluginname = x') +
        RULE.replace('rule: r', 'rule: s').replace('creat', 'swapon'),
    )
    detector = await startDetector(settings())
    assert.ok(
      log.some(line => /warning: .*evt\.pluginname.*'r'/.test(line)),
      log.join('\n'),
    )
    assert.ok(
      log.some(line => /warning: .*no event of rule 's'/.test(line)),
      log.join('\n'),
    )
  })

  it('tells a gap once, not at every reload', async () => {
    const gap = RULE.replace('evt.type = creat', 'evt.type = creat and evt.pluginname = x')
    writeFileSync(rules, gap)
    detector = await startDetector(settings())
    writeFileSync(rules, gap.replace('output: x', 'output: y'))
    await eventually(() => loads.length === 1)
    assert.equal(log.filter(line => line.includes('evt.pluginname')).length, 1)
  })

  it('takes new rules and keeps the old ones when the new are broken', async () => {
    detector = await startDetector(settings())
    writeFileSync(rules, RULE.replace('output: x', 'output: y'))
    await eventually(() => loads.length === 1)
    writeFileSync(rules, '- rule: [\n')
    await eventually(() => log.some(line => line.includes('generation 2 stay in force')))
    writeFileSync(rules, RULE.replace('output: x', 'output: z'))
    await eventually(() => loads.length === 2)
    assert.deepEqual(loads, [2, 3])
  })

  it('says what it does, what was missed, and where counts disagree', async () => {
    detector = await startDetector(
      settings({startDetection: mkDetection(async () => ({...STATUS, alerts: 3, received: 2}))}),
    )
    const affected = {rules: ['r'], total: 1}
    started[0]?.onMissed?.([
      {change: 'add', cause: 'cut', kind: 'creat', count: 4, atMs: 1, generation: 1, affected},
    ])
    const report = await detector.status()
    assert.equal(report.state, 'watching')
    assert.deepEqual(
      report.missed.totals.map(({cause, count}) => [cause, count]),
      [
        ['cut', 4],
        ['start', 1],
      ],
    )
    assert.deepEqual(report.imbalances, [
      {where: 'alerts', what: 'received, of raised and sent', expected: 3, found: 2},
    ])
  })

  it('answers for a detection that does not', async () => {
    detector = await startDetector(
      settings({startDetection: mkDetection(() => new Promise(() => {}))}),
    )
    const report = await detector.status()
    assert.equal(report.state, 'not_answering')
    assert.equal(report.detection, null)
  })

  it('starts detection anew when it ends on its own, and counts it', async () => {
    detector = await startDetector(settings())
    started[0]?.onFailure(new CodedError('INTERNAL', 'it broke'))
    await eventually(() => started.length === 2)
    await eventually(() => log.some(line => line.includes('nothing was watched for')))
    const {restarts, blindMs, missed} = await detector.stop()
    assert.equal(restarts, 1)
    assert.ok(blindMs >= 0)
    const causes = missed.totals.map(({cause, count, open}) => [cause, count, open])
    assert.deepEqual(causes, [
      ['worker_ended', 1, 0],
      ['start', 1, 0],
      ['restart', 1, 0],
    ])
  })

  it('gives up when it keeps ending, after delivering what there is', async () => {
    const delivered: Alert[] = []
    const alert: Alert = {
      id: '1',
      timeNs: 0n,
      hostname: 'h',
      rule: 'r',
      priority: 'Debug',
      source: 'syscall',
      tags: [],
      message: 'm',
      fields: [],
      generation: 1,
    }
    const sink = {
      name: 'test',
      deliver: async (alerts: readonly Alert[]) => void delivered.push(...alerts),
      close: async () => {},
    }
    detector = await startDetector(settings({sinks: [sink]}))
    started[0]?.onAlert(alert)
    for (let times = 0; times < 4; times++) {
      await eventually(() => started.length === times + 1 || log.length > 20)
      started[times]?.onFailure(new CodedError('INTERNAL', 'it broke again'))
    }
    await assert.rejects(detector.broken, /it broke again/)
    assert.deepEqual(
      delivered.map(({id}) => id),
      ['1'],
    )
  })
})
