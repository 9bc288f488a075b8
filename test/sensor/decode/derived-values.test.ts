import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import type {DerivedFunction} from '../../../src/schema/capture.ts'
import {type RecordValue, VALUE_FUNCTIONS} from '../../../src/sensor/decode/derived-values.ts'

const u64 = (value: bigint): string => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value))
  return bytes.toString('latin1')
}
const u32 = (value: number): string => u64(BigInt(value)).slice(0, 4)
/** struct if_dqblk with these limits, and the bits that say which members count. */
const quotaBlock = (valid: number): string =>
  [11n, 12n, 13n, 14n, 15n, 16n, 17n, 18n].map(u64).join('') + u32(valid) + u32(0)
const SETQUOTA_GROUP = 0x80000801
const SETINFO_USER = 0x80000600
const GETFMT_USER = 0x80000400
const QUOTAON_GROUP = 0x80000201

describe('functions of values', () => {
  const cases: readonly {
    name: string
    of: DerivedFunction
    values: readonly RecordValue[]
    part?: string
    want: RecordValue
  }[] = [
    {name: 'a part of nothing', of: 'percent', values: [3, 0], want: 0},
    {name: 'two thirds', of: 'percent', values: [2, 3], want: 66},
    {name: 'flags of a socket type', of: 'fileFlags', values: [2 | 0o2004000], want: 4096 | 64},
    {name: 'the second of one', of: 'secondOfMore', values: [1, 7], want: 0},
    {name: 'the second of two', of: 'secondOfMore', values: [2, 7], want: 7},
    {name: 'an option of the socket level', of: 'socketOption', values: [1, 9], want: 9},
    {name: 'an option with another number', of: 'socketOption', values: [1, 57], want: 53},
    {name: 'an option that events do not know', of: 'socketOption', values: [1, 60], want: 0},
    {name: 'an option of another level', of: 'socketOption', values: [6, 9], want: 0},
    {
      name: 'an option of four bytes',
      of: 'socketValue',
      values: [1, 9, u32(1)],
      want: `\x02${u32(1)}`,
    },
    {name: 'an error', of: 'socketValue', values: [1, 4, u32(111)], want: `\x01${u64(-111n)}`},
    {
      name: 'a time',
      of: 'socketValue',
      values: [1, 20, u64(2n) + u64(5n)],
      want: `\x04${u64(2_000_005_000n)}`,
    },
    {name: 'a time that is cut', of: 'socketValue', values: [1, 20, u64(2n)], want: `\0${u64(2n)}`},
    {name: 'a cookie', of: 'socketValue', values: [1, 57, u64(9n)], want: `\x03${u64(9n)}`},
    {
      name: 'a device name of four bytes',
      of: 'socketValue',
      values: [1, 25, 'eth0'],
      want: '\0eth0',
    },
    {
      name: 'four bytes of another level',
      of: 'socketValue',
      values: [6, 1, u32(1)],
      want: `\0${u32(1)}`,
    },
    {name: 'no option value', of: 'socketValue', values: [1, 9, undefined], want: undefined},
    {
      name: 'an address of a call that failed',
      of: 'ptraceAddress',
      values: [-3, 5],
      want: `\0${u64(0n)}`,
    },
    {name: 'data that was read', of: 'ptraceData', values: [0, 2, 5, 6], want: `\0${u64(6n)}`},
    {name: 'data that is written', of: 'ptraceData', values: [0, 6, 5, 0], want: `\0${u64(5n)}`},
    {name: 'a signal', of: 'ptraceData', values: [0, 8, 9, 0], want: '\x01\x09'},
    {
      name: 'a key’s number',
      of: 'keyArgument',
      values: [2n ** 64n - 3n, undefined],
      want: `\0${u64(-3n)}`,
    },
    {name: 'a key’s name', of: 'keyArgument', values: [5, 'user'], want: '\x01user\0'},
    {name: 'mount flags', of: 'mountFlags', values: [2 ** 24 + 1], want: 2 ** 24 + 1},
    {name: 'mount flags behind the old mark', of: 'mountFlags', values: [0xc0ed0021], want: 0x21},
    {
      name: 'a second timespec',
      of: 'time',
      values: [u64(1n) + u64(2n) + u64(3n) + u64(4n)],
      part: 'timespec.1',
      want: 3_000_000_004,
    },
    {
      name: 'a time that is now',
      of: 'time',
      values: [u64(1n) + u64(0x3fffffffn)],
      part: 'timespec.0',
      want: undefined,
    },
    {
      name: 'a timeval',
      of: 'time',
      values: [u64(1n) + u64(2n)],
      part: 'timeval.0',
      want: 1_000_002_000,
    },
    {
      name: 'a time in seconds',
      of: 'time',
      values: [u64(1n) + u64(2n)],
      part: 'utimbuf.1',
      want: 2_000_000_000,
    },
    {name: 'a time that is cut', of: 'time', values: [u64(1n)], part: 'timeval.0', want: undefined},
    {name: 'no time', of: 'time', values: [undefined], part: 'timeval.0', want: undefined},
    {name: 'a quota command', of: 'quota', values: [SETQUOTA_GROUP, 5, ''], part: 'cmd', want: 64},
    {name: 'a quota type', of: 'quota', values: [SETQUOTA_GROUP, 5, ''], part: 'type', want: 2},
    {name: 'a quota id', of: 'quota', values: [SETQUOTA_GROUP, 5, ''], part: 'id', want: 5},
    {name: 'no quota id', of: 'quota', values: [QUOTAON_GROUP, 2, ''], part: 'id', want: 0},
    {
      name: 'a quota format',
      of: 'quota',
      values: [QUOTAON_GROUP, 4, ''],
      part: 'quota_fmt',
      want: 8,
    },
    {
      name: 'a format that is told',
      of: 'quota',
      values: [GETFMT_USER, 0, u32(2)],
      part: 'quota_fmt_out',
      want: 4,
    },
    {
      name: 'a limit that is set',
      of: 'quota',
      values: [SETQUOTA_GROUP, 5, quotaBlock(1)],
      part: 'dqb_bsoftlimit',
      want: 12,
    },
    {
      name: 'a limit that is not',
      of: 'quota',
      values: [SETQUOTA_GROUP, 5, quotaBlock(1)],
      part: 'dqb_ihardlimit',
      want: 0,
    },
    {
      name: 'a period of grace',
      of: 'quota',
      values: [SETINFO_USER, 0, u64(7n) + u64(8n) + u32(1) + u32(7)],
      part: 'dqi_igrace',
      want: 8,
    },
    {
      name: 'a limit of a block that is cut',
      of: 'quota',
      values: [SETQUOTA_GROUP, 5, u64(1n)],
      part: 'dqb_bhardlimit',
      want: 0,
    },
    {
      name: 'a command nobody knows',
      of: 'quota',
      values: [0x123400, 5, quotaBlock(63)],
      part: 'dqb_bhardlimit',
      want: 0,
    },
  ]
  for (const {name, of, values, part = '', want} of cases)
    it(`${of} makes ${name}`, () => assert.equal(VALUE_FUNCTIONS[of](values, part), want))
})
