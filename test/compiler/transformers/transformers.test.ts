import {describe} from 'mocha'
import {type EvaluationCase, testEvaluations, testRefusals} from '../evaluation.ts'

const hex = (text: string): {hex: string} => ({hex: Buffer.from(text, 'latin1').toString('hex')})

/** The value of a transformer of constants, compared with what it should be. */
function equals(call: string, want: string): readonly EvaluationCase[] {
  return [
    {filter: `${call} = "${want}"`, event: {}, want: true},
    {filter: `${call} != "${want}"`, event: {}, want: false},
  ]
}

describe('transformers of one text', () => {
  testEvaluations([
    ...equals('tolower("AbÇ")', 'abÇ'),
    ...equals('toupper("abç")', 'ABç'),
    ...equals('basename("/a/b")', 'b'),
    ...equals('basename("/a/")', ''),
    ...equals('basename("a")', 'a'),
    ...equals('b64("YQ==")', 'a'),
    ...equals('b64("YQ=")', 'a'),
    ...equals('b64("YQ")', 'a'),
    ...equals('b64("YWI")', 'ab'),
    ...equals('b64("YWJj")', 'abc'),
    ...equals('b64("")', ''),
    ...equals('b64("YQBi")', 'a'),
    ...equals('toupper(b64("YWJj"))', 'ABC'),
    ...['YR==', 'Y', 'YQ===', 'Y Q=', 'YWJ', 'YWJj=a', '_w==', 'YQ==\\n'].map(text => ({
      filter: `b64("${text}") exists`,
      event: {},
      want: false,
    })),
    {filter: 'b64(evt.buffer) = "a\\x00b"', event: {'evt.buffer': 'YQBi'}, want: true},
    {filter: 'len(fd.name) = 2', event: {'fd.name': hex('\xc3\xa9')}, want: true},
    {filter: 'len(fd.name) = 1', event: {'fd.name': 'a\0bc'}, want: true},
    {filter: 'len(evt.buffer) = 4', event: {'evt.buffer': 'a\0bc'}, want: true},
    {filter: 'len(fd.types) = 2', event: {'fd.types': ['a', 'b']}, want: true},
    {filter: 'len(fd.types) = 0', event: {'fd.types': []}, want: true},
    {filter: 'len(fd.types) exists', event: {}, want: false},
    {filter: 'len(b64("YQBi")) = 1', event: {}, want: true},
    {filter: 'toupper(fd.types) in (A, B)', event: {'fd.types': ['a', 'b']}, want: true},
    {filter: 'b64(fd.types) exists', event: {'fd.types': ['YQ==', '!']}, want: false},
  ])
  testRefusals([
    {filter: 'toupper(evt.num) = 1', names: 'toupper'},
    {filter: 'toupper(evt.buffer) = a', names: 'toupper'},
    {filter: 'b64(evt.rawarg.path) = a', names: 'evt.rawarg.path'},
    {filter: 'len(evt.num) = 1', names: 'len'},
    {filter: 'len(fd.name, fd.name) = 1', names: 'len'},
    {filter: 'toupper(fd.name)[1] = a', names: 'toupper'},
    {filter: 'toupper(proc.aname) = A', names: 'proc.aname'},
    {filter: 'toupper(fd.nam) = A', names: 'fd.nam', kind: 'unknown_field'},
    {filter: 'tolower(fd.types) = a', names: 'list of string'},
  ])
})

describe('join and concat', () => {
  testEvaluations([
    ...equals('join("-", ("a", "b"))', 'a-b'),
    ...equals('join(",", ())', ''),
    ...equals('join("", ("a"))', 'a'),
    ...equals('join(",", (1, "x", 0x10))', '1,x,0x10'),
    ...equals('concat("a", "", "b")', 'ab'),
    {filter: 'join("-", fd.types) = a-b', event: {'fd.types': ['a', 'b']}, want: true},
    {
      filter: 'join("-", (proc.pid, fd.name, evt.num)) = "-1-/a-18446744073709551615"',
      event: {'proc.pid': -1, 'fd.name': '/a', 'evt.num': 7},
      want: false,
    },
    {
      filter: 'join("-", (proc.pid, fd.name, evt.num)) = "-1-/a-7"',
      event: {'proc.pid': -1, 'fd.name': '/a', 'evt.num': 7},
      want: true,
    },
    {filter: 'join(fd.name, ("a", "b")) = a/b', event: {'fd.name': '/'}, want: true},
    {filter: 'join(fd.name, ("a")) exists', event: {}, want: false},
    {filter: 'concat(fd.name, basename(fd.name)) = /aa', event: {'fd.name': '/a'}, want: true},
  ])
  testRefusals([
    {filter: 'join("-") = a', names: 'join'},
    {filter: 'join(("a"), "a") = a', names: 'join'},
    {filter: 'join("-", ("a"), ("b")) = a', names: 'join'},
    {filter: 'join("-", (evt.failed)) = a', names: 'evt.failed'},
    {filter: 'join("-", (fd.types)) = a', names: 'fd.types'},
    {filter: 'join("-", (proc.aname)) = a', names: 'proc.aname'},
    {filter: 'join("-", ("a"))[x] = a', names: 'join'},
    {filter: 'concat("a") = a', names: 'concat'},
    {filter: 'concat("a", evt.num) = a', names: 'concat'},
    {filter: 'concat("a", ("b")) = a', names: 'concat'},
  ])
})

describe('getopt', () => {
  const options = (words: string, text: string): string => `getopt((${words}), "${text}")`
  testEvaluations([
    {filter: `${options('"-ab"', 'ab')} in ("a", "b")`, event: {}, want: true},
    {filter: `len(${options('"-n", "-t", "x"', 'nt:')}) = 3`, event: {}, want: true},
    {filter: `len(${options('"x", "-n"', 'n')}) = 0`, event: {}, want: true},
    {filter: `len(${options('"-a", "--", "-b"', 'ab')}) = 1`, event: {}, want: true},
    {filter: `len(${options('"-a", "--long", "-b"', 'ab')}) = 2`, event: {}, want: true},
    {filter: `len(${options('"-a", "", "-b"', 'ab')}) = 1`, event: {}, want: true},
    {filter: `${options('"-x"', 'ab')} in ("?")`, event: {}, want: true},
    {filter: `${options('"-:"', ':a')} in ("?")`, event: {}, want: true},
    {filter: `${options('"-t"', 't:')} in ("")`, event: {}, want: true},
    {filter: `${options('"-t", "-n"', 't:n')}[t] = "-n"`, event: {}, want: true},
    {filter: `${options('"-t", "-n"', 't:n')}[n] exists`, event: {}, want: false},
    {filter: `${options('"-tx", "-ty"', ':t:')}[t] = y`, event: {}, want: true},
    {filter: `${options('"-t"', 't:')}[t] = ""`, event: {}, want: true},
    {filter: `${options('"-n"', 'n')}["n"] = n`, event: {}, want: true},
    {
      filter: 'getopt(fd.types, fd.name)[o] = v',
      event: {'fd.types': ['-ov'], 'fd.name': 'o:'},
      want: true,
    },
    {filter: 'getopt((fd.name), "a") exists', event: {}, want: false},
  ])
  testRefusals([
    {filter: 'getopt(("a")) intersects (a)', names: 'getopt'},
    {filter: 'getopt("a", "n") intersects (a)', names: 'getopt'},
    {filter: 'getopt(("a"), ("n")) intersects (a)', names: 'getopt'},
    {filter: 'getopt((1, proc.pid), "n") intersects (a)', names: 'proc.pid'},
    {filter: 'getopt(("a"), "n")[""] = a', names: 'one character'},
    {filter: 'getopt(("a"), "n")[nn] = a', names: 'one character'},
    {filter: 'getopt(("a"), "n") = a', names: 'list of string'},
    {filter: 'getopt(("a"), "n")[n] intersects val(fd.types)', names: 'fd.types'},
  ])
})
