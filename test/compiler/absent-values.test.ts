import {describe} from 'mocha'
import {testEvaluations} from './evaluation.ts'

const operators = [
  '= x',
  '!= x',
  '< 1',
  '>= 1',
  'contains x',
  'icontains x',
  'startswith x',
  'endswith x',
  'glob *',
  'iglob *',
  'regex .*',
  'in (x)',
  'intersects (x)',
  'pmatch (/)',
  'exists',
  '= val(fd.name)',
  '!= val(fd.name)',
  '= oneof (x)',
  '!= allof (x)',
  '!= anyof (x, y)',
]

describe('an absent value', () => {
  testEvaluations(
    operators.flatMap(operator => [
      {filter: `proc.cmdline ${operator}`, event: {'fd.name': 'x'}, want: false},
      {filter: `not proc.cmdline ${operator}`, event: {'fd.name': 'x'}, want: true},
    ]),
  )
  testEvaluations([
    {filter: 'fd.name = val(proc.cmdline)', event: {'fd.name': 'x'}, want: false},
    {filter: 'fd.name != val(proc.cmdline)', event: {'fd.name': 'x'}, want: false},
    {filter: 'not fd.name != val(proc.cmdline)', event: {'fd.name': 'x'}, want: true},
    {filter: 'fd.name in val(proc.cmdline)', event: {'fd.name': 'x'}, want: false},
    {filter: 'toupper(proc.cmdline) != X', event: {}, want: false},
    {filter: 'concat(fd.name, proc.cmdline) != X', event: {'fd.name': 'x'}, want: false},
    {filter: 'fd.name = "<NA>"', event: {}, want: false},
    {filter: 'fd.name exists', event: {'fd.name': ''}, want: true},
    {filter: 'fd.name exists', event: {'fd.name': null}, want: false},
  ])
})
