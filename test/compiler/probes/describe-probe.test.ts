import assert from 'node:assert/strict'
import {readFileSync} from 'node:fs'
import {after, before, describe, it} from 'mocha'
import {parseObject} from '../../../src/bpf/elf/object.ts'
import {describeProbe, type ProbeWish} from '../../../src/compiler/probes/describe-probe.ts'
import {CodedError} from '../../../src/diagnostics/error.ts'
import {type Objects, objectFolder, requireClang} from '../../support/compile-bpf.ts'
import {type ProbeSource, probeSource} from '../../support/probe-source.ts'

const RING = 'struct { int (*type)[27]; int (*max_entries)[4096]; struct record *value; }'
const BARE_RING = 'struct { int (*type)[27]; int (*max_entries)[4096]; }'

describe('what the records of a probe look like', function () {
  this.timeout(60_000)
  let objects: Objects
  before(function () {
    requireClang(this)
    objects = objectFolder()
  })
  after(() => objects?.remove())

  const describeSource = (source: ProbeSource, wish: Partial<ProbeWish> = {}) =>
    describeProbe(parseObject(readFileSync(objects.compileText(probeSource(source)))), {
      name: 'p',
      index: 3,
      map: undefined,
      struct: undefined,
      ...wish,
    })

  it('is told by the types of the object', () => {
    const {def, ring} = describeSource({
      types: `enum kind { FIRST, LAST = 9 };
        typedef const unsigned short word; struct inner { int left; struct { char text[3]; } deep; };`,
      members: `unsigned char byte; signed char small; word two; int four; unsigned long long eight;
        _Bool truth; enum kind kind; unsigned word_again; char name[16]; unsigned char raw[4];
        struct inner inner; struct { long unnamed; }; unsigned low:3, high:9; int _pad;`,
    })
    assert.equal(ring, 'ring')
    assert.deepEqual([def.name, def.index, def.struct, def.recordBytes], ['p', 3, 'record', 72])
    assert.deepEqual(
      def.members.map(({name, type, offset, size, bits}) =>
        [name, type, offset, size, ...(bits === undefined ? [] : [bits.shift, bits.width])].join(
          ' ',
        ),
      ),
      [
        'byte uint8 0 1',
        'small int8 1 1',
        'two uint16 2 2',
        'four int32 4 4',
        'eight uint64 8 8',
        'truth bool 16 1',
        'kind uint32 20 4',
        'word_again uint32 24 4',
        'name string 28 16',
        'raw bytebuf 44 4',
        'inner.left int32 48 4',
        'inner.deep.text string 52 3',
        'unnamed int64 56 8',
        'low uint32 64 4 0 3',
        'high uint32 64 4 3 9',
      ],
    )
  })

  it('takes the struct and the ring that are named', () => {
    const source: ProbeSource = {
      maps: `${RING} ring SEC(".maps"); ${BARE_RING} other SEC(".maps");`,
    }
    const {def, ring} = describeSource(source, {map: 'other', struct: 'record'})
    assert.deepEqual([ring, def.struct], ['other', 'record'])
  })

  const refused: readonly {
    readonly name: string
    readonly source: ProbeSource
    readonly wish?: Partial<ProbeWish>
    readonly message: RegExp
  }[] = [
    {name: 'a pointer', source: {members: 'void *at;'}, message: /at is a pointer/},
    {
      name: 'a union',
      source: {members: 'union { int a; char b; } both;'},
      message: /both is a union/,
    },
    {name: 'a float', source: {members: 'double part;'}, message: /part is a floating point/},
    {name: 'an array of numbers', source: {members: 'int many[4];'}, message: /many is an array/},
    {
      name: 'a number of 16 bytes',
      source: {members: '__int128 huge;'},
      message: /huge is a number of 16/,
    },
    {name: 'only padding', source: {members: 'int _pad;'}, message: /no members/},
    {
      name: 'a huge record',
      source: {members: 'char text[70000];', body: 'return 0;'},
      message: /70000 bytes/,
    },
    {
      name: 'too many members',
      source: {members: Array.from({length: 300}, (_, n) => `char m${n};`).join('')},
      message: /more than 256/,
    },
    {
      name: 'two rings',
      source: {maps: `${RING} ring SEC(".maps"); ${RING} other SEC(".maps");`},
      message: /2 ring buffers/,
    },
    {
      name: 'a ring that is not there',
      source: {},
      wish: {map: 'none'},
      message: /no ring buffer none/,
    },
    {
      name: 'a struct that is not there',
      source: {},
      wish: {struct: 'none'},
      message: /no struct none/,
    },
    {
      name: 'a ring without a struct',
      source: {maps: `${BARE_RING} ring SEC(".maps");`},
      message: /does not say/,
    },
    {
      name: 'a ring of no power of two',
      source: {
        maps: 'struct { int (*type)[27]; int (*max_entries)[5000]; struct record *value; } ring SEC(".maps");',
      },
      message: /5000 bytes/,
    },
  ]
  for (const {name, source, wish, message} of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => describeSource(source, wish),
        (error: unknown) =>
          error instanceof CodedError &&
          error.code === 'PROBE_INVALID' &&
          message.test(error.message),
      )
    })
  }
})
