import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {compileRuleSet, engineRules} from '../../src/app/rules/rule-set.ts'
import {Engine} from '../../src/engine/engine.ts'
import {fieldBinder} from '../../src/engine/field-binder.ts'
import {MatchContext} from '../../src/engine/match-context.ts'
import type {Alert} from '../../src/schema/alert.ts'
import {HostState} from '../../src/state/host-state.ts'
import {type EventParts, mkEvent, mkFork} from '../support/events.ts'

const AT_FDCWD = -100

/** An engine with these rules over a host that has one shell with one child. */
function mkEngine(
  rules: string,
  matching: 'first' | 'all' = 'all',
): {alerts: Alert[]; apply: (parts: EventParts) => number} {
  const alerts: Alert[] = []
  const state = new HostState({maxThreads: 100})
  const engine = new Engine({
    context: new MatchContext(state),
    binder: fieldBinder({hostname: 'host'}),
    hostname: 'host',
    matching,
    runId: 'run',
    onAlert: alert => alerts.push(alert),
  })
  const set = compileRuleSet([{name: 'r.yaml', content: rules}], {
    appendOutput: [{extraFields: [{name: 'note', template: 'by %proc.name', formatted: true}]}],
    selection: [],
    startOff: false,
    minPriority: 'Debug',
    skipInvalidRules: false,
  })
  assert.ok(set.usable, JSON.stringify(set.loaded.results))
  engine.setRules(engineRules(set), 7)
  const apply = (parts: EventParts): number => engine.process(mkEvent(parts))
  apply(mkFork(50, 1, {comm: 'bash'}))
  apply(mkFork(60, 50, {comm: 'bash'}))
  apply(exec(60, '/usr/bin/cat'))
  return {alerts, apply}
}

const exec = (pid: number, path: string): EventParts => ({
  kind: 'exec',
  name: 'execve',
  pid,
  values: {
    res: 0,
    comm: path.slice(path.lastIndexOf('/') + 1),
    exe: 'cat',
    args: '-n\0/x y\0',
    trusted_exepath: path,
    cwd: '/work',
    ptid: 50,
    tty: 34816,
  },
})

const opened = (name: string, values: EventParts['values'] = {}): EventParts => ({
  kind: 'openat',
  pid: 60,
  values: {fd: 3, dirfd: AT_FDCWD, name, flags: 1, mode: 0, ...values},
})

const rule = (condition: string, output = 'x', name = 'rule'): string =>
  `- rule: ${name}\n  desc: d\n  condition: ${condition}\n  output: "${output}"\n  priority: ERROR\n  tags: [b, a]\n`

describe('Engine', () => {
  it('makes an alert with everything that outputs need', () => {
    const {alerts, apply} = mkEngine(
      rule(
        'evt.type = openat and fd.name = /work/secret',
        '%proc.name of %proc.pname opened %fd.name',
      ),
    )
    assert.equal(apply(opened('./secret')), 1)
    assert.deepEqual(alerts, [
      {
        id: 'run-1',
        timeNs: 2_000_000_000n,
        hostname: 'host',
        rule: 'rule',
        priority: 'Error',
        source: 'syscall',
        tags: ['a', 'b'],
        message: 'cat of bash opened /work/secret',
        fields: [
          ['proc.name', 'cat'],
          ['proc.pname', 'bash'],
          ['fd.name', '/work/secret'],
          ['note', 'by cat'],
        ],
        generation: 7,
      },
    ])
  })

  it('raises one alert for the first matching rule, or one for each', () => {
    const two =
      rule('evt.type = openat', 'x', 'one') + rule('evt.type = openat and fd.num = 3', 'x', 'two')
    const names = (matching: 'first' | 'all'): string[] => {
      const {alerts, apply} = mkEngine(two, matching)
      apply(opened('/x'))
      return alerts.map(alert => alert.rule)
    }
    assert.deepEqual(names('first'), ['one'])
    assert.deepEqual(names('all'), ['one', 'two'])
  })

  /** Conditions that hold, and some that do not, on an open of `secret` by cat below bash. */
  const conditions: readonly {condition: string; event?: EventParts; want: boolean}[] = [
    {condition: 'proc.name = cat and proc.pname = bash and proc.aname[1] = bash', want: true},
    {condition: 'proc.aname = bash', want: true},
    {condition: 'proc.aname = cat', want: false},
    {
      condition: 'proc.cmdline = "cat -n /x y" and proc.args[1] = "/x y" and proc.exe = cat',
      want: true,
    },
    {condition: 'proc.exepath = /usr/bin/cat and proc.cwd = /work/', want: true},
    {condition: 'proc.tty = 34816 and proc.pid = 60 and proc.ppid = 50', want: true},
    {condition: 'user.uid = 0 and user.name = root', want: true},
    {
      condition: 'fd.directory = /work and fd.filename = secret and fd.nameraw = secret',
      want: true,
    },
    {condition: 'fd.typechar = f and fd.type = file', want: true},
    {condition: 'fd.sip exists', want: false},
    {condition: 'fd.net = 127.0.0.0/8', want: false},
    {condition: 'evt.is_open_read = true and evt.is_open_write = false', want: true},
    {condition: 'evt.is_open_write = true', event: opened('secret', {flags: 3}), want: true},
    {
      condition: 'evt.arg.flags contains O_WRONLY',
      event: opened('secret', {flags: 2 | 4}),
      want: true,
    },
    {
      condition: 'evt.arg.flags = "O_CREAT|O_WRONLY"',
      event: opened('secret', {flags: 2 | 4}),
      want: true,
    },
    {condition: 'evt.res = SUCCESS and evt.rawres = 3 and evt.failed = false', want: true},
    {
      condition: 'evt.res = EACCES and evt.failed = true and fd.num = -1',
      event: opened('secret', {fd: -13}),
      want: true,
    },
    {condition: 'evt.arg.dirfd = AT_FDCWD and evt.rawarg.dirfd = -100', want: true},
    {condition: 'evt.arg.name = /work/secret', want: true},
    {condition: 'proc.duration = 1000000000', want: true},
    {condition: 'evt.time.iso8601 startswith 1970-01-01T00:00:02', want: true},
    {condition: 'container.id = host', want: true},
    {condition: 'not container.id = host', want: false},
    {condition: 'fs.path.name = /work/secret', want: true},
    {condition: 'fs.path.name exists', event: opened('secret', {fd: -1}), want: false},
  ]
  for (const {condition, event = opened('secret'), want} of conditions) {
    it(`answers ${want} to ${condition}`, () => {
      const {apply} = mkEngine(rule(`evt.type = openat and ${condition}`))
      assert.equal(apply(event), want ? 1 : 0)
    })
  }

  it('knows both ends of a connection', () => {
    const sockaddr = Buffer.from('02c0a800015000', 'hex').toString('latin1')
    const connect: EventParts = {
      kind: 'connect',
      pid: 60,
      values: {res: -111, fd: 5, addr: sockaddr, tuple: ''},
    }
    const conditions =
      'fd.sip = 192.168.0.1 and fd.sport = 80 and fd.ip = 192.168.0.1 and fd.net = 192.168.0.0/16 and fd.type = ipv4'
    assert.equal(mkEngine(rule(`evt.type = connect and ${conditions}`)).apply(connect), 1)
    assert.equal(mkEngine(rule('evt.type = connect and fd.ip != 192.168.0.1')).apply(connect), 0)
  })

  const twoPaths: readonly {name: string; event: EventParts; condition: string}[] = [
    {
      name: 'a link: the new name is the source',
      event: {
        kind: 'linkat',
        pid: 60,
        values: {
          res: 0,
          olddir: 5,
          oldpath: 'a',
          newdir: 6,
          newpath: 'b',
          $olddir: '/old',
          $newdir: '/new',
        },
      },
      condition: 'fs.path.source = /new/b and fs.path.target = /old/a and evt.arg.oldpath = /old/a',
    },
    {
      name: 'a symbolic link below a directory descriptor',
      event: {
        kind: 'symlinkat',
        pid: 60,
        values: {res: 0, target: '/etc/shadow', linkdirfd: 5, linkpath: 'l', $dir: '/d'},
      },
      condition: 'fs.path.source = /d/l and fs.path.target = /etc/shadow',
    },
    {
      name: 'a change of owner',
      event: {
        kind: 'fchownat',
        pid: 60,
        values: {res: 0, dirfd: AT_FDCWD, pathname: 'f', uid: 0, gid: 0, flags: 0},
      },
      condition: 'fs.path.name = /work/f and evt.arg.dirfd = AT_FDCWD',
    },
  ]
  for (const {name, event, condition} of twoPaths) {
    it(`knows the paths of ${name}`, () => {
      assert.equal(mkEngine(rule(`evt.type = ${event.kind} and ${condition}`)).apply(event), 1)
    })
  }

  it('judges an exec by its new name and an exit by its old one', () => {
    const {alerts, apply} = mkEngine(
      rule('evt.type in (execve, procexit) and proc.name = cat', '%evt.type'),
    )
    apply(exec(60, '/usr/bin/cat'))
    apply({kind: 'procexit', pid: 60, values: {reaper_tid: 1}})
    // The first exec is that of the made-up host.
    assert.deepEqual(
      alerts.map(({message}) => message),
      ['execve', 'execve', 'procexit'],
    )
  })
})

describe('Engine with the rules of several generations', () => {
  const named = (name: string): ReturnType<typeof engineRules> => {
    const content = `- {rule: ${name}, desc: d, condition: evt.type = openat, output: x, priority: NOTICE}`
    const set = compileRuleSet([{name: 'r.yaml', content}], {
      appendOutput: [],
      selection: [],
      startOff: false,
      minPriority: 'Debug',
      skipInvalidRules: false,
    })
    return engineRules(set)
  }
  const make = (): {engine: Engine; alerts: Alert[]} => {
    const alerts: Alert[] = []
    const context = new MatchContext(new HostState({maxThreads: 10}))
    const engine = new Engine({
      context,
      binder: fieldBinder({hostname: 'h'}),
      hostname: 'h',
      matching: 'all',
      runId: 'run',
      onAlert: alert => alerts.push(alert),
    })
    context.begin(mkEvent(opened('/x')))
    return {engine, alerts}
  }

  it('judges by the one that is asked for, and by the newest unasked', () => {
    const {engine, alerts} = make()
    engine.addRules(named('a'), 1)
    engine.addRules(named('b'), 2)
    for (const generation of [1, 2, 1, undefined]) engine.judge(generation)
    assert.deepEqual(
      alerts.map(({rule, generation}) => `${rule}${generation}`),
      ['a1', 'b2', 'a1', 'b2'],
    )
    assert.equal(new Set(alerts.map(({id}) => id)).size, 4)
  })

  it('forgets rules that are given up, and falls back to those before when the newest are', () => {
    const {engine, alerts} = make()
    engine.addRules(named('a'), 1)
    engine.addRules(named('b'), 2)
    engine.dropRules(2)
    assert.throws(() => engine.judge(2), /generation 2/)
    engine.judge()
    engine.setRules(named('c'), 3)
    assert.throws(() => engine.judge(1), /generation 1/)
    engine.judge()
    assert.deepEqual(
      alerts.map(({rule}) => rule),
      ['a', 'c'],
    )
  })
})
