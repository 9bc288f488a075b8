import assert from 'node:assert/strict'
import {join} from 'node:path'
import {describe, it} from 'mocha'
import {readRuleFiles} from '../../src/app/rules/rule-files.ts'
import {fieldEventBinder, parseFieldEvent} from '../../src/compiler/field-events.ts'
import {compileRuleMatcher} from '../../src/compiler/js/matcher.ts'
import {ruleChecker} from '../../src/compiler/rule-checker.ts'
import {loadRuleFiles} from '../../src/compiler/rules/load.ts'
import {FILLED_FIELDS} from '../../src/engine/field-binder.ts'
import {packageRoot} from '../../src/paths.ts'

const CODE = 1

const {results, rules} = loadRuleFiles(readRuleFiles([join(packageRoot, 'rules')]).files, {
  checker: ruleChecker,
})
const matcherOf = (name: string) => {
  const rule = rules.find(candidate => candidate.name === name)
  assert.ok(rule, `no rule ${name}`)
  return compileRuleMatcher(
    [{condition: rule.condition, eventCodes: new Set([CODE])}],
    fieldEventBinder,
  )
}
const matches = (name: string, event: Record<string, unknown>): boolean => {
  const parsed = parseFieldEvent(JSON.stringify(event), {number: 1, timeNs: 0})
  assert.ok(parsed.ok)
  return matcherOf(name).matchFirst(parsed.event, CODE) === 0
}

type Event = Record<string, unknown>

/** A successful open of a regular file by `cat` in a shell. */
const opened = (path: string, how: 'read' | 'write', changes: Event = {}): Event => ({
  'evt.type': 'openat',
  'evt.is_open_read': how === 'read',
  'evt.is_open_write': how === 'write',
  'evt.arg.flags': how === 'read' ? 'O_RDONLY' : 'O_CREAT|O_WRONLY|O_TRUNC',
  'fd.num': 3,
  'fd.typechar': 'f',
  'fd.name': path,
  'fd.directory': path.slice(0, path.lastIndexOf('/')),
  'fd.filename': path.slice(path.lastIndexOf('/') + 1),
  'proc.name': 'cat',
  'proc.exepath': '/usr/bin/cat',
  'proc.pname': 'bash',
  'proc.aname': ['bash', 'sshd'],
  'proc.tty': 0,
  ...changes,
})
const started = (name: string, exepath: string, parent: string, changes: Event = {}): Event => ({
  'evt.type': 'execve',
  'evt.rawres': 0,
  'proc.name': name,
  'proc.exepath': exepath,
  'proc.pname': parent,
  'proc.aname': [parent, 'systemd'],
  'proc.cmdline': `${name} -c id`,
  ...changes,
})
const removed = (path: string, changes: Event = {}): Event => ({
  'evt.type': 'unlinkat',
  'evt.rawres': 0,
  'fs.path.name': path,
  'proc.name': 'rm',
  'proc.aname': ['bash'],
  ...changes,
})
const renamed = (from: string, to: string, changes: Event = {}): Event => ({
  'evt.type': 'rename',
  'evt.rawres': 0,
  'fs.path.source': from,
  'fs.path.target': to,
  'proc.name': 'mv',
  'proc.aname': ['bash'],
  ...changes,
})
const chmodded = (mode: string, changes: Event = {}): Event => ({
  'evt.type': 'fchmodat',
  'evt.rawres': 0,
  'evt.arg.mode': mode,
  'fs.path.name': '/tmp/x',
  'proc.name': 'chmod',
  'proc.aname': ['bash'],
  ...changes,
})
const connected = (name: string, address: string, changes: Event = {}): Event => ({
  'evt.type': 'connect',
  'evt.res': 'EINPROGRESS',
  'fd.typechar': '4',
  'fd.l4proto': 'tcp',
  'fd.sip': address,
  'fd.snet': address,
  'fd.sport': 4444,
  'proc.name': name,
  ...changes,
})
const apt = {'proc.name': 'cp', 'proc.aname': ['sh', 'dpkg', 'apt']}

const cases: {rule: string; alerts: Event[]; silent: Event[]}[] = [
  {
    rule: 'Password file read by an unexpected program',
    alerts: [
      opened('/etc/shadow', 'read'),
      opened('/etc/gshadow', 'read', {'evt.type': 'open'}),
      opened('/etc/sudoers.d/x', 'read', {'evt.type': 'openat2'}),
    ],
    silent: [
      opened('/etc/passwd', 'read'),
      opened('/etc/shadow', 'read', {'fd.num': -13}),
      opened('/etc/shadow', 'write'),
      opened('/etc/shadow', 'read', {'proc.name': 'sshd'}),
      opened('/etc/shadow', 'read', apt),
      opened('/etc/sudoers', 'read', {'proc.name': 'visudo'}),
      opened('/etc/shadow', 'read', {
        'proc.name': '(sd-pam)',
        'proc.exepath': '/usr/lib/systemd/systemd',
      }),
    ],
  },
  {
    rule: 'SSH private key read by an unexpected program',
    alerts: [
      opened('/root/.ssh/id_rsa', 'read'),
      opened('/home/a/.ssh/id_ed25519', 'read'),
      opened('/etc/ssh/ssh_host_rsa_key', 'read'),
    ],
    silent: [
      opened('/root/.ssh/id_rsa.pub', 'read'),
      opened('/root/.ssh/known_hosts', 'read'),
      opened('/root/.ssh/id_rsa', 'read', {'proc.name': 'ssh'}),
      opened('/etc/ssh/ssh_host_rsa_key.pub', 'read'),
    ],
  },
  {
    rule: 'Memory of another process opened',
    alerts: [opened('/proc/123/mem', 'read')],
    silent: [
      opened('/proc/self/mem', 'read'),
      opened('/proc/123/maps', 'read'),
      opened('/proc/123/mem', 'read', {'proc.name': 'gdb'}),
    ],
  },
  {
    rule: 'Rights to become root changed',
    alerts: [
      opened('/etc/sudoers.d/x', 'write'),
      opened('/etc/pam.d/sshd', 'write', {'evt.type': 'creat', 'evt.is_open_write': false}),
      renamed('/tmp/x', '/etc/sudoers'),
    ],
    silent: [
      opened('/etc/sudoers', 'read'),
      opened('/etc/pam.d/sshd', 'write', apt),
      renamed('/etc/sudoers.tmp', '/etc/sudoers', {'proc.name': 'visudo'}),
    ],
  },
  {
    rule: 'Set-user-id bit set on a file',
    alerts: [chmodded('S_IXUSR|S_IRUSR|S_ISUID'), chmodded('S_ISUID', {'evt.type': 'fchmod'})],
    silent: [
      chmodded('S_IXUSR|S_IRUSR|S_ISGID'),
      chmodded('S_ISUID', {'evt.rawres': -1}),
      chmodded('S_ISUID', {'proc.aname': ['dpkg', 'apt']}),
    ],
  },
  {
    rule: 'Scheduled job written',
    alerts: [
      opened('/etc/cron.d/x', 'write'),
      opened('/var/spool/cron/crontabs/root', 'write'),
      renamed('/var/spool/cron/crontabs/tmp.1', '/var/spool/cron/crontabs/root'),
    ],
    silent: [opened('/etc/cron.d/x', 'read'), opened('/etc/cron.d/x', 'write', apt)],
  },
  {
    rule: 'Systemd unit written',
    alerts: [
      opened('/etc/systemd/system/x.service', 'write'),
      opened('/home/a/.config/systemd/user/x.timer', 'write'),
    ],
    silent: [
      opened('/etc/systemd/system/x.service', 'read'),
      opened('/etc/systemd/system/x.service', 'write', {'proc.name': 'systemctl'}),
    ],
  },
  {
    rule: 'Library preloaded into every program',
    alerts: [opened('/etc/ld.so.preload', 'write'), renamed('/tmp/x', '/etc/ld.so.preload')],
    silent: [opened('/etc/ld.so.preload', 'read'), opened('/etc/ld.so.conf', 'write')],
  },
  {
    rule: 'Shell start file written',
    alerts: [
      opened('/etc/profile.d/x.sh', 'write'),
      opened('/root/.bashrc', 'write'),
      opened('/home/a/.zshrc', 'write'),
    ],
    silent: [
      opened('/root/.bashrc', 'read'),
      opened('/root/.bashrc', 'write', {'proc.name': 'vim'}),
      opened('/etc/skel/.bashrc', 'write'),
    ],
  },
  {
    rule: 'SSH login keys written',
    alerts: [
      opened('/root/.ssh/authorized_keys', 'write'),
      renamed('/root/.ssh/x', '/root/.ssh/authorized_keys'),
    ],
    silent: [
      opened('/root/.ssh/authorized_keys', 'read'),
      opened('/root/.ssh/known_hosts', 'write'),
      opened('/root/.ssh/authorized_keys', 'write', {'proc.name': 'cloud-init'}),
    ],
  },
  {
    rule: 'Program file written outside package management',
    alerts: [opened('/usr/bin/ls', 'write'), opened('/usr/local/sbin/x', 'write')],
    silent: [
      opened('/usr/bin/ls', 'read'),
      opened('/usr/bin/ls', 'write', apt),
      opened('/usr/share/x', 'write'),
    ],
  },
  {
    rule: 'Program renamed into a system folder',
    alerts: [renamed('/tmp/x', '/usr/bin/ls')],
    silent: [
      renamed('/tmp/x', '/usr/bin/ls', {'evt.rawres': -1}),
      renamed('/usr/bin/ls.dpkg-new', '/usr/bin/ls', {'proc.name': 'dpkg'}),
      renamed('/usr/bin/ls', '/tmp/x'),
    ],
  },
  {
    rule: 'Shell started by a server program',
    alerts: [
      started('sh', '/usr/bin/dash', 'nginx'),
      started('bash', '/usr/bin/bash', 'php-fpm8.2', {'evt.type': 'execveat'}),
    ],
    silent: [
      started('sh', '/usr/bin/dash', 'bash'),
      started('ls', '/usr/bin/ls', 'nginx'),
      started('sh', '/usr/bin/dash', 'nginx', {'evt.rawres': -2}),
    ],
  },
  {
    rule: 'Program run from a temporary folder',
    alerts: ['/tmp/x', '/var/tmp/.y/x', '/dev/shm/x'].map(path => started('x', path, 'bash')),
    silent: [
      started('x', '/usr/bin/x', 'bash'),
      started('x', '/tmpfiles/x', 'bash'),
      started('x.test', '/tmp/go-build1/x.test', 'go'),
    ],
  },
  {
    rule: 'Outbound connection by a shell or netcat',
    alerts: [
      connected('bash', '203.0.113.5'),
      connected('nc', '203.0.113.5', {'evt.res': 'SUCCESS'}),
      connected('nc', '2001:db8::1', {'fd.typechar': '6'}),
    ],
    silent: [
      connected('curl', '203.0.113.5'),
      connected('bash', '127.0.0.1'),
      connected('nc', '::1', {'fd.typechar': '6'}),
      connected('bash', '203.0.113.5', {'fd.l4proto': 'udp'}),
      connected('bash', '203.0.113.5', {'evt.res': 'ECONNREFUSED'}),
      connected('bash', '', {'fd.typechar': 'u', 'fd.sip': null, 'fd.snet': null}),
    ],
  },
  {
    rule: 'Standard input or output of a shell turned into a connection',
    alerts: [0, 1, 2].map(stream => ({
      'evt.type': 'dup2',
      'evt.rawres': stream,
      'fd.typechar': '4',
      'proc.name': 'bash',
    })),
    silent: [
      {'evt.type': 'dup2', 'evt.rawres': 3, 'fd.typechar': '4', 'proc.name': 'bash'},
      {'evt.type': 'dup2', 'evt.rawres': 1, 'fd.typechar': 'p', 'proc.name': 'bash'},
      {'evt.type': 'dup2', 'evt.rawres': 1, 'fd.typechar': '4', 'proc.name': 'sshd'},
    ],
  },
  {
    rule: 'Log of logins or the system removed',
    alerts: [
      removed('/var/log/wtmp'),
      removed('/var/log/auth.log.1'),
      renamed('/var/log/auth.log', '/tmp/x'),
    ],
    silent: [
      removed('/var/log/app/x.log'),
      removed('/var/log/wtmp', {'evt.rawres': -2}),
      removed('/var/log/syslog.7.gz', {'proc.name': 'logrotate'}),
    ],
  },
  {
    rule: 'Log of logins or the system emptied',
    alerts: [opened('/var/log/wtmp', 'write')],
    silent: [
      opened('/var/log/wtmp', 'write', {'evt.arg.flags': 'O_WRONLY|O_APPEND'}),
      opened('/var/log/wtmp', 'read'),
      opened('/var/log/app.log', 'write'),
    ],
  },
  {
    rule: 'Shell history removed',
    alerts: [
      removed('/root/.bash_history'),
      removed('/home/a/.zsh_history'),
      renamed('/root/.bash_history', '/tmp/x'),
    ],
    silent: [
      removed('/srv/app/order_history'),
      removed('/home/a/.bash_history', {'proc.name': 'userdel'}),
      renamed('/home/a/.zsh_history.new', '/home/a/.zsh_history'),
    ],
  },
  {
    rule: 'Shell history emptied',
    alerts: [opened('/root/.bash_history', 'write')],
    silent: [
      opened('/root/.bash_history', 'write', {'proc.name': 'bash', 'proc.tty': 34816}),
      opened('/root/.bash_history', 'write', {'evt.arg.flags': 'O_WRONLY|O_APPEND'}),
    ],
  },
]

describe('shipped rules', () => {
  it('load without an error or a warning', () => {
    assert.deepEqual(
      results.map(({name, errors, warnings, schemaWarnings}) => [
        name,
        errors,
        warnings,
        schemaWarnings,
      ]),
      results.map(({name}) => [name, [], [], []]),
    )
  })

  it('load file by file', () => {
    for (const file of readRuleFiles([join(packageRoot, 'rules')]).files) {
      const alone = loadRuleFiles([file], {checker: ruleChecker})
      assert.deepEqual(alone.results[0]?.errors, [])
    }
  })

  it('have a case each', () => {
    assert.deepEqual(cases.map(({rule}) => rule).sort(), rules.map(({name}) => name).sort())
  })

  for (const {rule, alerts, silent} of cases) {
    describe(rule, () => {
      alerts.forEach((event, i) => {
        it(`alerts ${i + 1}`, () => assert.equal(matches(rule, event), true))
      })
      silent.forEach((event, i) => {
        it(`is silent ${i + 1}`, () => assert.equal(matches(rule, event), false))
      })
    })
  }

  for (const rule of rules) {
    it(`${rule.name}: tells process, parent and user, uses live fields, has tags`, () => {
      for (const field of ['proc.name', 'proc.pid', 'proc.pname', 'user.name']) {
        assert.ok(rule.output.includes(`%${field}`), field)
      }
      const used = [
        ...rule.output.matchAll(/%([a-z_.]+)/g),
        ...rule.conditionText.matchAll(/\b((?:evt|fd|fs|proc|user|group)\.[a-z_.]+[a-z])/g),
      ]
      for (const [, name = ''] of used) {
        const known = FILLED_FIELDS.has(name) || FILLED_FIELDS.has(name.replace(/\.[a-z]+$/, ''))
        assert.ok(known, `${name} is not filled live`)
      }
      assert.ok(rule.tags.some(tag => /^T\d{4}(\.\d{3})?$/.test(tag)))
      assert.ok(rule.tags.some(tag => tag.startsWith('mitre_')))
    })
  }
})
