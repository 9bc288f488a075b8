import type {Alert, AlertValue} from '../../src/schema/alert.ts'
import {mkAlert} from './alerts.ts'

/** Values of the fields that formats know, as the engine gives them. */
export const FULL_FIELDS: Readonly<Record<string, AlertValue>> = {
  'evt.type': 'openat',
  'proc.name': 'cat',
  'proc.pid': 4242,
  'proc.exepath': '/usr/bin/cat',
  'proc.cmdline': 'cat /etc/shadow',
  'proc.cwd': '/root/',
  'proc.pname': 'bash',
  'proc.ppid': 4000,
  'proc.pexepath': '/usr/bin/bash',
  'proc.pcmdline': 'bash -i',
  'thread.tid': 4243,
  'user.name': 'root',
  'user.uid': 0,
  'group.name': 'root',
  'group.gid': 0,
  'fd.name': '/etc/shadow',
  'fd.filename': 'shadow',
  'fd.directory': '/etc',
  'fd.cip': '10.0.0.1',
  'fd.cport': 40_000,
  'fd.sip': '2001:db8::1',
  'fd.sport': 443,
  'fd.l4proto': 'tcp',
  'container.id': '3ad7b26ded6d',
  'container.name': 'web',
  'container.image.repository': 'docker.io/library/nginx',
  'container.image.tag': '1.27',
  'k8s.ns.name': 'prod',
  'k8s.pod.name': 'web-0',
}

/** An alert with a value for every field that formats know. */
export function fullAlert(changes: Partial<Alert> = {}): Alert {
  return mkAlert({
    rule: 'Read sensitive file',
    tags: ['T1003', 'filesystem'],
    message: 'shadow was read',
    fields: Object.entries(FULL_FIELDS),
    ...changes,
  })
}

/** Texts that mean something to some format. */
export const HOSTILE_TEXTS: readonly string[] = [
  'a|b',
  'a=b c=d',
  'back\\slash\\',
  'line\nline\r\nline\rline',
  'tab\tnul\u0000esc\u001b[31m del\u007f nel\u0085 ls\u2028',
  '"quotes" {"json":1} </script>',
  'half \ud800 pair \udc00',
  'bytes \ufffd\ufffd',
  '',
  ' ',
  '__proto__',
  'LEEF:2.0|x|y|z|1|^|',
  'CEF:0|x|y|z|1|n|10|',
]

/** Alerts with a hostile text in every place, and one whose texts are very long. */
export function hostileAlerts(): Alert[] {
  const filled = (text: string): Alert => {
    const fields = Object.entries(FULL_FIELDS).map(
      ([name, value]) => [name, typeof value === 'string' ? text : value] as const,
    )
    const more = [
      [text, text],
      ['__proto__', text],
      ['proc.aname[2]', [text, null, 1n]],
    ] as const
    const where = {rule: text, message: text, hostname: text, source: text, tags: [text, text]}
    return fullAlert({...where, fields: [...fields, ...more]})
  }
  const long = [65_536, 65_535].flatMap(length => [
    filled('x'.repeat(length)),
    filled('\u0001'.repeat(length)),
    filled(`${'é漢😀=|\\\n'.repeat(length / 8)}x`),
  ])
  return [...HOSTILE_TEXTS.map(filled), ...long]
}
