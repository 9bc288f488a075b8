import {describe} from 'mocha'
import {testEvaluations, testRefusals} from '../evaluation.ts'

const hex = (text: string): {hex: string} => ({hex: Buffer.from(text, 'latin1').toString('hex')})

describe('equality and order', () => {
  testEvaluations([
    {filter: 'fd.name = /a', event: {'fd.name': '/a'}, want: true},
    {filter: 'fd.name == /a', event: {'fd.name': '/b'}, want: false},
    {filter: 'fd.name = a', event: {'fd.name': 'a\0b'}, want: true},
    {filter: 'fd.name != a', event: {'fd.name': 'a\0b'}, want: false},
    {filter: 'evt.buffer = "a"', event: {'evt.buffer': 'a\0b'}, want: false},
    {filter: 'evt.buffer = "a\\x00b"', event: {'evt.buffer': 'a\0b'}, want: true},
    {filter: 'fd.name < 2', event: {'fd.name': '10'}, want: true},
    {filter: 'fd.name > 9', event: {'fd.name': hex('\xff')}, want: true},
    {filter: 'fd.ino = 9007199254740993', event: {'fd.ino': 9007199254740992}, want: false},
    {filter: 'evt.num = -1', event: {'evt.num': 5}, want: false},
    {filter: 'evt.num < -1', event: {'evt.num': 5}, want: true},
    {filter: 'fd.num > -65535', event: {'fd.num': -1}, want: true},
    {filter: 'evt.cpu = 65537', event: {'evt.cpu': 1}, want: true},
    {filter: 'user.uid = 4294967297', event: {'user.uid': 1}, want: true},
    {filter: 'fd.num = 99999999999999999999', event: {'fd.num': 1}, want: false},
    {filter: 'thread.cpu < 2', event: {'thread.cpu': 1.5}, want: true},
    {filter: 'evt.failed = true', event: {'evt.failed': true}, want: true},
    {filter: 'evt.failed in (true, false)', event: {'evt.failed': false}, want: true},
    {filter: 'fd.sport = http', event: {'fd.sport': 80}, want: true},
    {filter: 'fd.sport = 65616', event: {'fd.sport': 80}, want: true},
  ])
  testRefusals([
    {filter: 'evt.num = 0x10', names: '0x10'},
    {filter: 'evt.num = 1.5', names: '1.5'},
    {filter: 'evt.num = ""', names: 'evt.num'},
    {filter: 'thread.cpu = 1.0', names: '1.0'},
    {filter: 'evt.failed = yes', names: 'yes'},
    {filter: 'fd.sport = nosuchservice', names: 'nosuchservice'},
    {filter: 'fd.name = "a\\x00"', names: 'NUL'},
    {filter: `fd.name = ${'a'.repeat(256)}`, names: '255'},
  ])
})

describe('text operators', () => {
  testEvaluations([
    {filter: 'fd.name contains ""', event: {'fd.name': 'a'}, want: true},
    {filter: 'fd.name startswith ""', event: {'fd.name': ''}, want: true},
    {filter: 'fd.name icontains "\\xe9"', event: {'fd.name': hex('\xc9')}, want: false},
    {filter: 'fd.name icontains EX', event: {'fd.name': 'myexe'}, want: true},
    {filter: 'evt.buffer endswith "b\\x00"', event: {'evt.buffer': hex('ab\0')}, want: true},
    {filter: 'evt.buffer bcontains 6200', event: {'evt.buffer': hex('ab\0c')}, want: true},
    {filter: 'evt.buffer bcontains 6A', event: {'evt.buffer': 'j'}, want: true},
    {filter: 'evt.buffer bstartswith 62', event: {'evt.buffer': 'ab'}, want: false},
  ])
  testRefusals([
    {filter: 'evt.buffer bcontains 6', names: 'hexadecimal'},
    {filter: 'evt.buffer bcontains 6g', names: 'hexadecimal'},
    {filter: 'fd.name bcontains 61', names: 'bcontains'},
    {filter: 'evt.buffer icontains a', names: 'icontains'},
    {filter: 'evt.buffer < 1', names: '<'},
    {filter: 'evt.num contains 1', names: 'contains'},
    {filter: 'fd.types = file', names: 'fd.types'},
    {filter: 'evt.rawarg.fds = 1', names: 'evt.rawarg.fds'},
  ])
})

describe('sets', () => {
  testEvaluations([
    {filter: 'fd.name in ()', event: {'fd.name': ''}, want: false},
    {filter: 'not fd.name in ()', event: {'fd.name': ''}, want: true},
    {filter: 'fd.num in (+3, " 4")', event: {'fd.num': 4}, want: true},
    {filter: 'fd.types in (file, ipv4)', event: {'fd.types': ['file', 'file']}, want: true},
    {filter: 'fd.types in (file, ipv4)', event: {'fd.types': ['file', 'unix']}, want: false},
    {filter: 'fd.types intersects (file, ipv4)', event: {'fd.types': ['unix', 'file']}, want: true},
    {filter: 'fd.types in (file)', event: {'fd.types': []}, want: true},
    {filter: 'fd.types intersects (file)', event: {'fd.types': []}, want: false},
    {filter: 'fd.types exists', event: {'fd.types': []}, want: true},
    {filter: 'fd.name intersects (a, b)', event: {'fd.name': 'b'}, want: true},
  ])
})

describe('modifiers', () => {
  testEvaluations([
    {filter: 'fd.name = oneof (a, a)', event: {'fd.name': 'a'}, want: false},
    {filter: 'fd.name startswith oneof (a, b)', event: {'fd.name': 'ab'}, want: true},
    {filter: 'fd.name startswith allof (a, ab)', event: {'fd.name': 'abc'}, want: true},
    {filter: 'fd.name != anyof (a, b)', event: {'fd.name': 'a'}, want: true},
    {filter: 'fd.name != allof (a, b)', event: {'fd.name': 'a'}, want: false},
    {filter: 'fd.name != allof ()', event: {'fd.name': 'a'}, want: false},
    {filter: 'fd.name != anyof ()', event: {'fd.name': 'a'}, want: false},
    {filter: 'fd.name regex anyof ("b+", "a+")', event: {'fd.name': 'aa'}, want: true},
    {filter: 'fd.sip = anyof (10.0.0.1, fd00::1)', event: {'fd.sip': 'fd00::1'}, want: true},
  ])
})

describe('addresses and networks', () => {
  testEvaluations([
    {filter: 'fd.sip = 10.0.0.1', event: {'fd.sip': '10.0.0.1'}, want: true},
    {filter: 'fd.sip = ::1', event: {'fd.sip': '0:0:0:0:0:0:0:1'}, want: true},
    {filter: 'fd.sip != ::1', event: {'fd.sip': '10.0.0.1'}, want: true},
    {filter: 'fd.snet = 10.0.0.0/8', event: {'fd.snet': '10.255.0.1'}, want: true},
    {filter: 'fd.snet = 10.7.7.7/8', event: {'fd.snet': '10.0.0.1'}, want: true},
    {filter: 'fd.snet = 10.0.0.0/9', event: {'fd.snet': '10.128.0.0'}, want: false},
    {filter: 'fd.snet = 0.0.0.0/0', event: {'fd.snet': '255.1.2.3'}, want: true},
    {filter: 'fd.snet = 0.0.0.0/0', event: {'fd.snet': '::1'}, want: false},
    {filter: 'fd.snet != 0.0.0.0/0', event: {'fd.snet': '::1'}, want: true},
    {filter: 'fd.snet = fd00::/8', event: {'fd.snet': 'fd12::1'}, want: true},
    {filter: 'fd.snet = 10.0.0.0/8', event: {'fd.snet': '10.1.0.0/16'}, want: true},
    {filter: 'fd.snet = 10.0.0.0/8', event: {'fd.snet': '10.0.0.0/7'}, want: false},
    {filter: 'fd.snet in (10.0.0.0/8, ::/1)', event: {'fd.snet': '::2'}, want: true},
    {filter: 'fd.ip = 10.0.0.1', event: {'fd.ip': ['10.0.0.2', '10.0.0.1']}, want: true},
    {filter: 'fd.ip != 10.0.0.1', event: {'fd.ip': ['10.0.0.2', '10.0.0.1']}, want: false},
    {filter: 'fd.ip != 10.0.0.1', event: {'fd.ip': ['10.0.0.2', '::1']}, want: true},
    {filter: 'fd.ip != 10.0.0.1', event: {'fd.ip': []}, want: false},
    {filter: 'fd.ip exists', event: {'fd.ip': []}, want: true},
    {filter: 'fd.port > 100', event: {'fd.port': [80, 4000]}, want: true},
    {filter: 'fd.port in (1, 4000)', event: {'fd.port': [80, 4000]}, want: true},
    {
      filter: 'fd.net in (1.0.0.0/8, 10.0.0.0/8)',
      event: {'fd.net': ['9.9.9.9', '10.0.0.1']},
      want: true,
    },
    {
      filter: 'fd.net != allof (1.0.0.0/8, 2.0.0.0/8)',
      event: {'fd.net': ['9.9.9.9', '2.0.0.1']},
      want: false,
    },
    {filter: 'fd.proto = https', event: {'fd.proto': [443, 5000]}, want: true},
    {filter: 'fd.cip.name = example.org', event: {'fd.cip.name': 'example.org'}, want: true},
  ])
  testRefusals([
    {filter: 'fd.sip = localhost', names: 'localhost'},
    {filter: 'fd.sip = ::ffff:1.2.3.4', names: '::ffff:1.2.3.4'},
    {filter: 'fd.sip = 10.0.0.256', names: '10.0.0.256'},
    {filter: 'fd.sip = 1:2:3', names: '1:2:3'},
    {filter: 'fd.sip = 1::2::3', names: '1::2::3'},
    {filter: 'fd.net = 10.0.0.1', names: '10.0.0.1'},
    {filter: 'fd.net = 10.0.0.0/33', names: '/33'},
    {filter: 'fd.net = ::/0', names: '::/0'},
    {filter: 'fd.ip contains 10', names: 'contains'},
    {filter: 'fd.cip.name contains a', names: 'contains'},
  ])
})

describe('ancestors', () => {
  const event = {'proc.aname': ['bash', 'sshd'], 'proc.aname[0]': 'cat', 'proc.aname[1]': 'bash'}
  testEvaluations([
    {filter: 'proc.aname = sshd', event, want: true},
    {filter: 'proc.aname = cat', event, want: false},
    {filter: 'proc.aname != sshd', event, want: true},
    {filter: 'not proc.aname = sshd', event, want: false},
    {filter: 'proc.aname[0] = cat', event, want: true},
    {filter: 'proc.aname in (init, sshd)', event, want: true},
    {filter: 'proc.aname startswith ss', event, want: true},
    {filter: 'proc.aname exists', event: {'proc.aname': []}, want: false},
    {filter: 'proc.aname != x', event: {'proc.aname': []}, want: false},
    {filter: 'toupper(proc.aargs) = "A B"', event: {'proc.aargs': ['a', 'b']}, want: true},
  ])
})

describe('evt.around', () => {
  testEvaluations([
    {filter: 'evt.around[1000000000] = 1', event: {'evt.rawtime': 1001000000}, want: true},
    {filter: 'evt.around[1000000000] = 1', event: {'evt.rawtime': 1001000001}, want: false},
    {filter: 'evt.around[1000000000] = 1', event: {'evt.rawtime': 999000000}, want: true},
    {filter: 'evt.around[1404996934793590564] = 0', event: {}, want: false},
  ])
  testRefusals([
    {filter: 'evt.around[1] != 1', names: 'evt.around[1]'},
    {filter: 'evt.around[1] = val(evt.num)', names: 'evt.around[1]'},
    {filter: 'evt.around = 1', names: 'evt.around', kind: 'unknown_field'},
  ])
})

describe('a field on the right', () => {
  testEvaluations([
    {
      filter: 'proc.name = val(proc.pname)',
      event: {'proc.name': 'a', 'proc.pname': 'a'},
      want: true,
    },
    {
      filter: 'proc.name in val(proc.pname)',
      event: {'proc.name': 'a', 'proc.pname': 'a'},
      want: true,
    },
    {
      filter: 'fd.name startswith val(proc.cwd)',
      event: {'fd.name': '/a/b', 'proc.cwd': '/a'},
      want: true,
    },
    {
      filter: 'fd.name glob val(proc.cwd)',
      event: {'fd.name': '/a/b', 'proc.cwd': '/*b'},
      want: true,
    },
    {
      filter: 'proc.name = toupper(proc.pname)',
      event: {'proc.name': 'A', 'proc.pname': 'a'},
      want: true,
    },
    {filter: 'evt.buflen > len(fd.name)', event: {'evt.buflen': 3, 'fd.name': 'ab'}, want: true},
    {filter: 'proc.name = proc.pname', event: {'proc.name': 'a', 'proc.pname': 'a'}, want: false},
  ])
  testRefusals([
    {filter: 'proc.name = val(evt.num)', names: 'differ in type'},
    {filter: 'proc.pid = len(fd.name)', names: 'differ in type'},
    {filter: 'fd.name pmatch val(proc.cwd)', names: 'pmatch'},
    {filter: 'fd.name regex val(proc.cwd)', names: 'regex'},
    {filter: 'fd.net = val(fd.snet)', names: 'fd.net'},
    {filter: 'proc.name = val(proc.aname[1])', names: 'proc.aname[1]'},
    {filter: 'fd.types in val(fd.types)', names: 'fd.types'},
    {filter: 'fd.ip = val(fd.sip)', names: 'fd.ip'},
  ])
})
