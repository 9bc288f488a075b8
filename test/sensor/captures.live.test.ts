import assert from 'node:assert/strict'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {after, before, describe, it} from 'mocha'
import {CAPTURES} from '../../src/schema/capture-table.ts'
import {flagNames} from '../../src/schema/flag-table.ts'
import {FLAG_TABLES} from '../../src/schema/tables/flags.ts'
import {requireLive} from '../support/live.ts'
import {type RecordedCalls, type RecordedValues, recordCalls} from '../support/record-calls.ts'
import {DESCRIPTOR_CASES} from './cases/descriptor-cases.ts'
import {SOCKET_CASES} from './cases/socket-cases.ts'
import {OWN_CASES, SYSTEM_CASES} from './cases/system-cases.ts'

const EBADF = -9
const ENOENT = -2
const BAD_FD = 999
const AT_FDCWD = -100

/** What `calls.c` does, as the records must tell it. `{folder}` stands for the folder; flags are given by name. */
interface Case {
  readonly kind: string
  readonly want: Readonly<Record<string, number | string | null>>
  /** Parameters whose numbers are compared as names of this table. */
  readonly names?: Readonly<Record<string, keyof typeof FLAG_TABLES>>
}

const cases: readonly Case[] = [
  {
    kind: 'open',
    want: {name: 'open-name', flags: 'O_EXCL|O_CREAT|O_WRONLY|O_F_CREATED', mode: 0o640},
    names: {flags: 'file_flags'},
  },
  {
    kind: 'openat',
    want: {
      name: 'openat-name',
      $dir: '{folder}',
      flags: 'O_CREAT|O_RDWR|O_CLOEXEC|O_F_CREATED',
      mode: 0o600,
    },
    names: {flags: 'file_flags'},
  },
  {
    kind: 'openat2',
    want: {
      fd: ENOENT,
      dirfd: AT_FDCWD,
      name: 'openat2-name',
      flags: 'O_RDONLY',
      resolve: 'RESOLVE_NO_XDEV',
      $dir: null,
    },
    names: {flags: 'file_flags', resolve: 'openat2_flags'},
  },
  {kind: 'creat', want: {name: 'creat-name', mode: 0o604}},
  {kind: 'mkdir', want: {res: 0, path: 'mkdir-name', mode: 0o710}},
  {kind: 'mkdirat', want: {res: 0, path: 'mkdirat-name', mode: 0o711, $dir: '{folder}'}},
  {kind: 'mknod', want: {res: 0, path: 'mknod-name', dev: 0}},
  {kind: 'mknodat', want: {res: 0, path: 'mknodat-name', $dir: '{folder}'}},
  {kind: 'link', want: {res: 0, oldpath: 'open-name', newpath: 'link-name'}},
  {
    kind: 'linkat',
    want: {
      res: 0,
      oldpath: 'open-name',
      newpath: 'linkat-name',
      $olddir: '{folder}',
      $newdir: '{folder}',
      flags: 0,
    },
  },
  {kind: 'symlink', want: {res: 0, target: 'symlink-target', linkpath: 'symlink-name'}},
  {
    kind: 'symlinkat',
    want: {res: 0, target: 'symlinkat-target', linkpath: 'symlinkat-name', $dir: '{folder}'},
  },
  {kind: 'chmod', want: {res: 0, filename: 'open-name', mode: 0o604}},
  {kind: 'fchmod', want: {res: EBADF, fd: BAD_FD, mode: 0o600}},
  {kind: 'fchmodat', want: {res: 0, filename: 'open-name', mode: 0o4755, $dir: '{folder}'}},
  {kind: 'chown', want: {res: 0, path: 'open-name', uid: 11, gid: 12}},
  {kind: 'lchown', want: {res: 0, path: 'open-name', uid: 13, gid: 14}},
  {kind: 'fchown', want: {res: EBADF, fd: BAD_FD, uid: 15, gid: 16}},
  {kind: 'fchownat', want: {res: 0, pathname: 'open-name', uid: 17, gid: 18, $dir: '{folder}'}},
  {kind: 'rename', want: {res: 0, oldpath: 'link-name', newpath: 'rename-name'}},
  {
    kind: 'renameat',
    want: {
      res: 0,
      oldpath: 'rename-name',
      newpath: 'renameat-name',
      $olddir: '{folder}',
      $newdir: '{folder}',
    },
  },
  {
    kind: 'renameat2',
    want: {
      res: 0,
      newdirfd: AT_FDCWD,
      newpath: 'renameat2-name',
      $newdir: null,
      flags: 'RENAME_NOREPLACE',
    },
    names: {flags: 'renameat2_flags'},
  },
  {kind: 'unlink', want: {res: 0, path: 'renameat2-name'}},
  {
    kind: 'unlinkat',
    want: {res: 0, name: 'mkdirat-name', $dir: '{folder}', flags: 'AT_REMOVEDIR'},
    names: {flags: 'unlinkat_flags'},
  },
  {kind: 'rmdir', want: {res: 0, path: 'mkdir-name'}},
  {kind: 'fchdir', want: {res: 0, $cwd: '{folder}'}},
  {kind: 'chroot', want: {res: ENOENT, path: '/no-such-root'}},
  {kind: 'write', want: {res: EBADF, fd: BAD_FD, size: 3, data: 'abc'}},
  {kind: 'pwrite64', want: {res: EBADF, fd: BAD_FD, size: 3, pos: 7}},
  {kind: 'writev', want: {res: EBADF, fd: BAD_FD}},
  {kind: 'read', want: {fd: BAD_FD, res: EBADF, size: 3}},
  {kind: 'pread64', want: {res: EBADF, fd: BAD_FD, size: 3, pos: 7}},
  {kind: 'readv', want: {res: EBADF, fd: BAD_FD}},
  {kind: 'dup', want: {res: EBADF, oldfd: BAD_FD}},
  {kind: 'dup2', want: {res: 100, newfd: 100}},
  {kind: 'dup3', want: {res: 101, newfd: 101, flags: 'O_CLOEXEC'}, names: {flags: 'file_flags'}},
  {
    kind: 'fcntl',
    want: {res: 110, cmd: 'F_DUPFD_CLOEXEC', arg: 110},
    names: {cmd: 'fcntl_commands'},
  },
  {kind: 'close', want: {res: 0, fd: 100}},
  {kind: 'close_range', want: {res: 0, first: 900, last: 901, flags: 0}},
  {
    kind: 'memfd_create',
    want: {name: 'memfd-name', flags: 'MFD_CLOEXEC'},
    names: {flags: 'memfd_create_flags'},
  },
  {kind: 'pidfd_open', want: {pid: -1}},
  {kind: 'pidfd_getfd', want: {fd: EBADF, pid_fd: BAD_FD, target_fd: 3}},
  {
    kind: 'socket',
    want: {domain: 'AF_INET', type: 2, proto: 0},
    names: {domain: 'socket_families'},
  },
  {
    kind: 'connect',
    want: {res: EBADF, fd: BAD_FD, addr: '\x02\x7f\0\0\x02\x07\0', tuple: null},
  },
  {kind: 'bind', want: {res: EBADF, fd: BAD_FD, addr: '\x02\x7f\0\0\x02\x07\0'}},
  {kind: 'listen', want: {res: EBADF, fd: BAD_FD, backlog: 5}},
  {
    kind: 'shutdown',
    want: {res: EBADF, fd: BAD_FD, how: 'SHUT_RDWR'},
    names: {how: 'shutdown_how'},
  },
  {kind: 'setuid', want: {res: 0, uid: 0}},
  {kind: 'setgid', want: {res: 0, gid: 0}},
  {kind: 'setreuid', want: {res: 0, ruid: 0xffffffff, euid: 0}},
  {kind: 'setregid', want: {res: 0, rgid: 0xffffffff, egid: 0}},
  {kind: 'setresuid', want: {res: 0, ruid: 0xffffffff, euid: 0xffffffff, suid: 0}},
  {kind: 'setresgid', want: {res: 0, rgid: 0xffffffff, egid: 0xffffffff, sgid: 0}},
  {kind: 'setpgid', want: {res: 0, pid: 0, pgid: 0}},
  {
    kind: 'prctl',
    want: {res: 0, option: 'PR_SET_DUMPABLE', arg2_int: 1},
    names: {option: 'prctl_options'},
  },
  {
    kind: 'setns',
    want: {res: EBADF, fd: BAD_FD, nstype: 'CLONE_NEWNET'},
    names: {nstype: 'clone_flags'},
  },
  {kind: 'unshare', want: {res: 0, flags: 0}},
  {kind: 'kill', want: {res: 0, pid: -1, sig: 0}},
  {kind: 'tkill', want: {res: 0, tid: -1, sig: 0}},
  {kind: 'tgkill', want: {res: 0, pid: -1, tid: -1, sig: 0}},
  {kind: 'ptrace', want: {request: 'PTRACE_ATTACH', pid: 0}, names: {request: 'ptrace_requests'}},
  {kind: 'process_vm_readv', want: {pid: -1}},
  {kind: 'process_vm_writev', want: {pid: -1}},
  {kind: 'init_module', want: {length: 0, uargs: 'init-args'}},
  {kind: 'finit_module', want: {fd: BAD_FD, uargs: 'finit-args'}},
  {kind: 'delete_module', want: {name: 'no-such-module'}},
  {
    kind: 'mount',
    want: {dev: 'mount-dev', dir: '/no-such-folder', type: 'mount-type', flags: 'RDONLY'},
    names: {flags: 'mount_flags'},
  },
  {
    kind: 'umount2',
    want: {res: ENOENT, name: '/no-such-folder', flags: 'DETACH'},
    names: {flags: 'umount_flags'},
  },
  {kind: 'bpf', want: {cmd: 'BPF_PROG_LOAD'}, names: {cmd: 'bpf_commands'}},
  {kind: 'userfaultfd', want: {}},
  {
    kind: 'mmap',
    want: {
      addr: 0,
      length: 4096,
      prot: 'PROT_READ',
      flags: 'MAP_PRIVATE|MAP_ANONYMOUS',
      fd: -1,
      offset: 0,
    },
    names: {prot: 'prot_flags', flags: 'mmap_flags'},
  },
  {
    kind: 'mprotect',
    want: {addr: 0, length: 4096, prot: 'PROT_READ|PROT_EXEC'},
    names: {prot: 'prot_flags'},
  },
  {kind: 'io_uring_setup', want: {entries: 0}},
  {kind: 'io_uring_enter', want: {fd: BAD_FD, to_submit: 1, min_complete: 2}},
  {kind: 'io_uring_register', want: {fd: BAD_FD, nr_args: 3}},
  {kind: 'exec_failed', want: {res: ENOENT, filename: '/no-such-program'}},
  {kind: 'execveat_failed', want: {res: EBADF, filename: 'no-such-program'}},
  {kind: 'procexit', want: {status: 3 << 8, ret: 3, sig: 0, core: 0, $liveThreads: 0}},
  {kind: 'fork', want: {}},
  {kind: 'vfork', want: {}},
  {kind: 'clone', want: {flags: 0}},
  {kind: 'clone3', want: {}},
  {kind: 'setsid', want: {}},
]
/** Cases of other tests. */
const CALL_CASES = [...SOCKET_CASES, ...DESCRIPTOR_CASES, ...SYSTEM_CASES, ...OWN_CASES]
/** Kinds that other tests check: of processes, of files, and of `detector run`. */
const ELSEWHERE = [
  'exec',
  'new_task',
  'chdir',
  'capset',
  'setrlimit',
  'prlimit',
  'open_by_handle_at',
  'ring_openat',
]

describe('captured system calls', function () {
  this.timeout(30_000)
  let folder: string
  let recorded: RecordedCalls

  before(function () {
    requireLive(this as never, {feature: 'capturing'})
    folder = mkdtempSync(join(tmpdir(), 'detector-calls-'))
    recorded = recordCalls(this as never, 'calls', folder)
  })
  after(() => {
    if (folder !== undefined) rmSync(folder, {recursive: true, force: true})
  })

  it('has a case for every kind of record', () => {
    const tested = new Set([...[...cases, ...CALL_CASES].map(({kind}) => kind), ...ELSEWHERE])
    assert.deepEqual(
      CAPTURES.map(({kind}) => kind).filter(kind => !tested.has(kind)),
      [],
    )
  })

  for (const {kind, want, names = {}} of cases) {
    it(`${kind} carries its arguments and result`, () => {
      const shown = recorded.records
        .filter(record => record.kind === kind)
        .map(({values}) => shownValues(values, want, names))
      const expected = Object.fromEntries(
        Object.entries(want).map(([name, value]) => [
          name,
          value === '{folder}'
            ? folder
            : value === -1 && /pid|tid/.test(name)
              ? recorded.pid
              : value,
        ]),
      )
      assert.ok(
        shown.some(values => JSON.stringify(values) === JSON.stringify(expected)),
        `none of ${shown.length} records is ${JSON.stringify(expected)}: ${JSON.stringify(shown.slice(0, 5))}`,
      )
    })
  }

  it('names the calls that make tasks', () => {
    const made = recorded.records.filter(({kind}) => kind === 'new_task').map(({event}) => event)
    for (const name of ['fork', 'vfork', 'clone', 'clone3'])
      assert.ok(made.includes(name), `${name} in ${made.join(' ')}`)
  })
})

/** The wanted values of a record, flags by name, unreadable ones as null. */
function shownValues(
  values: RecordedValues,
  want: Case['want'],
  names: NonNullable<Case['names']>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(want).map(name => {
      const value = values[name]
      const table = names[name]
      if (table !== undefined && typeof value === 'number')
        return [name, flagNames(FLAG_TABLES[table], value)]
      return [name, value ?? null]
    }),
  )
}
