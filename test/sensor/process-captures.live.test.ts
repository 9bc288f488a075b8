import assert from 'node:assert/strict'
import {mkdtempSync, readFileSync, rmSync, statSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {flagNames} from '../../src/schema/flag-table.ts'
import {FLAG_TABLES} from '../../src/schema/tables/flags.ts'
import {requireLive} from '../support/live.ts'
import {type RecordedCalls, type RecordedValues, recordCalls} from '../support/record-calls.ts'

const KINDS = new Set([
  'exec',
  'exec_failed',
  'execveat_failed',
  'procexit',
  'clone',
  'clone3',
  'fork',
  'vfork',
  'prctl',
  'setrlimit',
  'prlimit',
  'capset',
])
const ENOENT = -2
const EFAULT = -14
const NO_LOGIN_UID = 0xffff_ffff
/** Room for the texts of a program's arguments in a record. */
const TEXTS_BYTES = 4096

describe('captured processes', function () {
  this.timeout(30_000)
  let folder: string
  let recorded: RecordedCalls
  /** What the program's processes said of themselves. */
  let told: ReadonlyMap<string, number>

  before(function () {
    requireLive(this as never, {feature: 'capturing'})
    folder = mkdtempSync(join(tmpdir(), 'detector-processes-'))
    recorded = recordCalls(this as never, 'processes', folder, KINDS)
    const lines = recorded.output.trimEnd().split('\n')
    told = new Map(lines.map(line => [line.split(' ')[0]!, Number(line.split(' ')[1])]))
  })
  after(() => {
    if (folder !== undefined) rmSync(folder, {recursive: true, force: true})
  })

  const only = (
    kind: string,
    fits: (values: RecordedValues, tid: number) => boolean,
  ): RecordedValues => {
    const found = recorded.records.filter(
      record => record.kind === kind && fits(record.values, record.tid),
    )
    assert.equal(found.length, 1, `${found.length} records of ${kind} fit`)
    return found[0]!.values
  }
  const ofTask = (kind: string, who: string): RecordedValues =>
    only(kind, (_, tid) => tid === told.get(who))
  /** The maker's side of the call that made a task; which call that is depends on the C library. */
  const makerOf = (who: string): RecordedValues => {
    const {event} = recorded.records.find(
      ({kind, tid}) => kind === 'new_task' && tid === told.get(who),
    )!
    return only(event, ({res}) => res === told.get(who))
  }
  const program = (exe: string): RecordedValues => only('exec', values => values['exe'] === exe)
  const assertValues = (got: RecordedValues, want: RecordedValues): void =>
    assert.deepEqual(Object.fromEntries(Object.keys(want).map(name => [name, got[name]])), want)
  const namesOf = (table: keyof typeof FLAG_TABLES, {flags}: RecordedValues): string =>
    flagNames(FLAG_TABLES[table], Number(flags))

  describe('of a new program', () => {
    it('tell who runs it', () => {
      const status = readFileSync('/proc/self/status', 'latin1')
      const capability = (name: string): number =>
        Number(`0x${new RegExp(`^Cap${name}:\\t(\\w+)`, 'm').exec(status)![1]}`)
      const login = Number(readFileSync('/proc/self/loginuid', 'latin1'))
      const tty = Number(readFileSync('/proc/self/stat', 'latin1').split(') ')[1]!.split(' ')[4])
      assertValues(program(join(folder, 'processes')), {
        res: 0,
        args: `${folder}\0`,
        tid: told.get('pid')!,
        pid: told.get('pid')!,
        $vtid: told.get('pid')!,
        $vpid: told.get('pid')!,
        ptid: told.get('parent')!,
        pgid: told.get('group')!,
        vpgid: told.get('group')!,
        $sid: told.get('session')!,
        fdlimit: told.get('fdlimit')!,
        tty,
        loginuid: login === -1 ? NO_LOGIN_UID : login,
        uid: 0,
        gid: 0,
        comm: 'processes',
        cwd: process.cwd(),
        cap_inheritable: capability('Inh'),
        cap_permitted: capability('Prm'),
        cap_effective: capability('Eff'),
      })
    })

    it('tell which file it is', () => {
      const path = join(folder, 'processes')
      const {ino, dev, mtimeNs, ctimeNs} = statSync(path, {bigint: true})
      const values = program(path)
      assertValues(values, {
        trusted_exepath: path,
        filename: path,
        exe_ino: Number(ino),
        $dev: Number(dev),
      })
      // The compiler writes the file, the loader reads it: its times are the ones of then.
      assert.deepEqual([values['exe_ino_mtime'], values['exe_ino_ctime']], [mtimeNs, ctimeNs])
      assert.equal(typeof values['$mnt'], 'number')
    })

    it('tell its control groups', () => {
      const groups = new Map<string, string>()
      for (const line of readFileSync('/proc/self/cgroup', 'latin1').trimEnd().split('\n')) {
        const [, names = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
        for (const name of names.split(',')) groups.set(name === 'blkio' ? 'io' : name, path)
      }
      const want = ['cpuset', 'cpu', 'cpuacct', 'io', 'memory']
        .map(name => `${name}=${groups.get(name) ?? groups.get('')}\0`)
        .join('')
      assert.equal(program(join(folder, 'processes'))['cgroups'], want)
      assert.equal(ofTask('new_task', 'forked')['cgroups'], want)
    })

    it('tell how large it is', () => {
      const values = program(join(folder, 'processes'))
      const size = Number(values['vm_size'])
      assert.ok(size > 100 && size < 1_000_000 && size % 4 === 0, `${size} kB`)
      assert.equal(values['vm_swap'], 0)
      for (const name of ['vm_rss', 'pgft_min', 'pgft_maj'])
        assert.ok(Number(values[name]) >= 0 && Number(values[name]) <= size, name)
    })

    const files: readonly {exe: string; name: string; flags: string; path?: string}[] = [
      {exe: 'as-other-user', name: 'its user cannot write to it', flags: ''},
      {exe: 'in-group', name: 'a group of its user can write to it', flags: 'EXE_WRITABLE'},
      {exe: 'in-many-groups', name: 'one of many groups can write to it', flags: 'EXE_WRITABLE'},
      {exe: 'in-other-groups', name: 'none of many groups can write to it', flags: ''},
      {exe: 'for-all', name: 'everybody can write to it', flags: 'EXE_WRITABLE'},
      {
        exe: 'from-memory',
        name: 'it is a memory file',
        flags: 'EXE_WRITABLE|EXE_FROM_MEMFD',
        path: 'memfd:in-memory',
      },
      {
        exe: 'from-below',
        name: 'it lies on the lower layer',
        flags: 'EXE_WRITABLE|EXE_LOWER_LAYER',
      },
      {
        exe: 'from-above',
        name: 'it lies on the upper layer',
        flags: 'EXE_WRITABLE|EXE_UPPER_LAYER',
      },
      {exe: 'read-only', name: 'its file system is read-only', flags: 'EXE_UPPER_LAYER'},
    ]
    for (const {exe, name, flags, path} of files) {
      it(`tell that ${name}`, () => {
        assert.equal(namesOf('execve_flags', program(exe)), flags)
        if (path !== undefined) assert.equal(program(exe)['trusted_exepath'], path)
      })
    }

    it('number it like its pid namespace does', () => {
      const init = told.get('namespace-init')!
      assertValues(program('in-namespace'), {
        tid: init,
        $vtid: 1,
        $vpid: 1,
        vpgid: 1,
        pgid: init,
        $sid: init,
        $pidns: Number(ofTask('new_task', 'namespace-init')['pidns_init_start_ts']),
      })
    })
  })

  describe('of a program that could not start', () => {
    const failed: readonly {name: string; file: string; want: RecordedValues}[] = [
      {
        name: 'tell its arguments and environment',
        file: '/no-such-program',
        want: {
          res: ENOENT,
          exe: 'first',
          args: 'two words\0\0',
          env: 'A=1\0B=two\0',
          comm: 'processes',
          uid: 0,
        },
      },
      {
        name: 'keep the first of many arguments',
        file: '/no-such-program-many',
        want: {exe: 'many', args: 'many\0'.repeat(63), env: ''},
      },
      {
        name: 'keep the beginning of a long argument',
        file: '/no-such-program-huge',
        want: {exe: 'short', args: `${'h'.repeat(TEXTS_BYTES - 'short\0'.length - 1)}\0`},
      },
      {
        name: 'do without arguments',
        file: '/no-such-program-null',
        want: {exe: '', args: '', env: ''},
      },
      {
        name: 'tell what a name is relative to',
        file: 'no-such-below',
        want: {res: ENOENT, exe: 'first', $dir: '{folder}/plain', $flags: 0x100},
      },
    ]
    for (const {name, file, want} of failed) {
      it(name, () => {
        const kind = '$dir' in want ? 'execveat_failed' : 'exec_failed'
        const values = only(kind, ({filename}) => filename === file)
        assertValues(values, {
          ...want,
          ...('$dir' in want ? {$dir: `${folder}/plain`} : {}),
          tid: told.get('pid')!,
          ptid: told.get('parent')!,
        })
      })
    }
  })

  describe('of a new task', () => {
    it('tell what a child begins with', () => {
      const values = ofTask('new_task', 'forked')
      const maker = makerOf('forked')
      assertValues(values, {
        res: 0,
        pid: told.get('forked')!,
        ptid: maker['tid'] as number,
        vtid: told.get('forked')!,
        vpid: told.get('forked')!,
        cwd: `${folder}/plain`,
        comm: 'processes',
        fdlimit: 501,
        vm_size: told.get('forked-pages')! * 4,
        vm_swap: 0,
        flags: 0,
        uid: 0,
        gid: 0,
      })
      assertValues(maker, {
        cwd: `${folder}/plain`,
        comm: 'processes',
        fdlimit: 501,
        flags: 0,
        vtid: maker['tid'] as number,
        cgroups: values['cgroups'],
        pidns_init_start_ts: values['pidns_init_start_ts'],
      })
    })

    it('tell of a thread', () => {
      const values = ofTask('new_task', 'thread')
      assertValues(values, {
        pid: told.get('thread-leader')!,
        vtid: told.get('thread')!,
        vpid: told.get('thread-leader')!,
        ptid: told.get('pid')!,
        $maker: told.get('thread-leader')!,
        $sharesFiles: 1,
        $sharesFs: 1,
      })
      const names = namesOf('clone_flags', values)
      assert.equal(
        names,
        'CLONE_FILES|CLONE_FS|CLONE_PARENT_SETTID|CLONE_SIGHAND|CLONE_SYSVSEM|CLONE_THREAD|CLONE_VM|CLONE_CHILD_CLEARTID|CLONE_SETTLS',
      )
      const maker = makerOf('thread')
      assert.equal(namesOf('clone_flags', maker), names)
    })

    it('take flags from memory', () => {
      assert.equal(namesOf('clone_flags', ofTask('new_task', 'by-clone3')), 'CLONE_FS|CLONE_NEWUTS')
    })

    it('tell of the first process of a pid namespace', () => {
      const values = ofTask('new_task', 'namespace-init')
      assertValues(values, {vtid: 1, vpid: 1})
      assert.equal(namesOf('clone_flags', values), 'CLONE_NEWPID|CLONE_CHILD_IN_PIDNS')
      const outer = ofTask('new_task', 'forked')
      assert.ok(Number(values['pidns_init_start_ts']) > Number(outer['pidns_init_start_ts']))
      const maker = makerOf('namespace-init')
      assert.equal(namesOf('clone_flags', maker), 'CLONE_NEWPID')
    })

    it('tell when its pid namespace began', () => {
      const ticks = Number(readFileSync('/proc/1/stat', 'latin1').split(') ')[1]!.split(' ')[19])
      const start = Number(ofTask('new_task', 'forked')['pidns_init_start_ts'])
      assert.equal(Math.floor(start / 10_000_000), ticks)
    })
  })

  describe('of an ending task', () => {
    const ends: readonly {name: string; who: string; heir: string | undefined}[] = [
      {name: 'name the process that adopts orphans', who: 'orphan-maker', heir: 'subreaper'},
      {name: 'name a living thread of the process', who: 'thread', heir: 'thread-leader'},
      {name: 'name nobody when there is no child', who: 'forked', heir: undefined},
    ]
    for (const {name, who, heir} of ends) {
      it(name, () =>
        assert.equal(
          ofTask('procexit', who)['reaper_tid'],
          heir === undefined ? 0 : told.get(heir),
        ),
      )
    }

    it('name the first process of the pid namespace', () => {
      const init = told.get('namespace-init')!
      const heirs = recorded.records
        .filter(({kind}) => kind === 'procexit')
        .map(({values}) => values['reaper_tid'])
      assert.equal(heirs.filter(heir => heir === init).length, 1)
    })
  })

  describe('of calls', () => {
    const calls: readonly {kind: string; want: RecordedValues}[] = [
      {kind: 'prctl', want: {res: 0, option: 36, arg2_str: undefined, arg2_int: 1}},
      {kind: 'prctl', want: {res: 0, option: 37, arg2_str: undefined, arg2_int: 1}},
      {kind: 'prctl', want: {res: 0, option: 15, arg2_str: 'named-thread', arg2_int: 0}},
      {kind: 'setrlimit', want: {res: 0, cur: 512, max: 1024, resource: 4}},
      {kind: 'setrlimit', want: {res: EFAULT, cur: -1, max: -1, resource: 4}},
      {kind: 'prlimit', want: {res: 0, newcur: 512, newmax: 1024, pid: 0, resource: 7}},
      {
        kind: 'prlimit',
        want: {res: 0, newcur: -1, newmax: -1, oldcur: -1, oldmax: -1, resource: 1},
      },
      {
        kind: 'capset',
        want: {res: 0, cap_inheritable: 3, cap_permitted: 0x2f, cap_effective: 0x21},
      },
    ]
    for (const {kind, want} of calls) {
      it(`${kind} carries ${JSON.stringify(want)}`, () => {
        const shown = recorded.records
          .filter(record => record.kind === kind)
          .map(({values}) =>
            Object.fromEntries(Object.keys(want).map(name => [name, values[name]])),
          )
        assert.ok(
          shown.some(values => JSON.stringify(values) === JSON.stringify(want)),
          JSON.stringify(shown),
        )
      })
    }

    it('prlimit carries the old limits', () => {
      const values = only('prlimit', ({newcur}) => newcur === 512)
      assert.equal(values['oldcur'], told.get('fdlimit'))
    })
  })
})
