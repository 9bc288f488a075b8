import type {StatusReport} from '../../src/app/status/status-report.ts'

const KIND = {
  seen: 100,
  filtered: 60,
  passed: 38,
  read: 37,
  dropped: 2,
  matched: 5,
  unreadable: 1,
  cut: 0,
}

/** A report of a detector that watches and has lost two events. */
export function mkReport(extra: Partial<StatusReport> = {}): StatusReport {
  return {
    version: 1,
    detector: '1.2.3',
    state: 'watching',
    pid: 7,
    hostname: 'host',
    kernel: '6.18.0',
    started: '2026-01-02T03:04:05.000Z',
    armed: '2026-01-02T03:04:06.000Z',
    uptime_ms: 3_723_000,
    rules: 3,
    generation: 2,
    restarts: 0,
    blind_ms: 0,
    detection: {
      as_of: '2026-01-02T04:06:08.000Z',
      kernel_filter: true,
      hooks: ['tp_btf/sys_exit'],
      kinds: {openat: KIND},
      events: KIND,
      passed_share: 0.38,
      lanes: {
        state: {bytes: 0, size_bytes: 4_194_304, share: 0},
        bulk: {bytes: 8_388_608, size_bytes: 16_777_216, share: 0.5},
      },
      alerts: {raised: 6, by_priority: {Notice: 6}, by_rule: {opens: 6}},
      threads: {known: 50, unknown: 0, evicted: 0, mended: 0},
      state_whole: true,
      containers: {},
      socketcalls: 0,
    },
    stages: [
      {
        stage: 'kernel',
        in: 100,
        out: 38,
        waiting: 0,
        ended: {filtered: 60, ring_full: 2, too_large: 0},
      },
    ],
    imbalances: [],
    missed: {
      totals: [
        {
          cause: 'ring_full',
          group: 'lost',
          unit: 'events',
          count: 2,
          first: '2026-01-02T03:30:00.000Z',
          last: '2026-01-02T03:30:01.000Z',
          duration_ms: 0,
          rules: ['opens'],
          rules_total: 1,
          by_kind: {openat: 2},
          by_detail: {},
          open: 0,
        },
      ],
      entries: [],
      forgotten_entries: 0,
    },
    outputs: [
      {
        sink: 'stdout',
        recovered: 0,
        accepted: 6,
        refused: 0,
        delivered: 6,
        dead_lettered: 0,
        dropped: 0,
        abandoned: 0,
        kept: 0,
        pending: 0,
        failures: 0,
        last_error: null,
      },
    ],
    process: {rss_bytes: 100 << 20, heap_bytes: 10 << 20, cpu_user_ms: 1500, cpu_system_ms: 500},
    ...extra,
  }
}
