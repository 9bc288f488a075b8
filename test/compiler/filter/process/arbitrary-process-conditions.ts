import fc from 'fast-check'

/** Conditions on the process that hold for some threads of `process-state.ts` and not for others. */
const PROCESS_TESTS = [
  'proc.name = sh',
  'proc.name in (bash, zsh)',
  'proc.name startswith s',
  'not proc.name = cat',
  'proc.exepath = /bin/dash',
  'proc.cmdline contains " -c"',
  'proc.args[1] = ls',
  'proc.tty != 0',
  'proc.env[X] exists',
  'proc.pname = bash',
  'proc.pname in (init, systemd)',
  'proc.aname = init',
  'proc.aname[2] = init',
  'proc.aname in (sshd, init)',
  'proc.ppid = 600',
  'proc.sid >= 0',
  'proc.is_exe_writable = true',
  'thread.cap_effective contains CAP_SYS_ADMIN',
  'container.id = host',
  'container.id != host',
  'container.image exists',
  'tolower(proc.name) = sh',
  'proc.name = val(proc.pname)',
  'user.loginuid = -1',
] as const

const EVENT_TESTS = [
  'fd.name = /etc/shadow',
  'fd.name startswith /etc',
  'evt.rawres >= 0',
  'evt.type = openat',
  'evt.is_open_write = true',
  'user.uid = 0',
  'user.name = root',
  'proc.cwd = /',
  'proc.duration > 0',
  'evt.num > 0',
] as const

/** Conditions on processes and events, mixed. */
export const arbitraryProcessCondition = fc.letrec<{any: string}>(tie => ({
  any: fc.oneof(
    {depthSize: 'small', withCrossShrink: true},
    {weight: 3, arbitrary: fc.constantFrom<string>(...PROCESS_TESTS)},
    {weight: 1, arbitrary: fc.constantFrom<string>(...EVENT_TESTS)},
    {weight: 1, arbitrary: tie('any').map(child => `not (${child})`)},
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom('and', 'or'), fc.array(tie('any'), {minLength: 2, maxLength: 4}))
        .map(([word, children]) => children.map(child => `(${child})`).join(` ${word} `)),
    },
  ),
})).any
