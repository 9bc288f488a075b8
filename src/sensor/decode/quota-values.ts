import type {ByteString} from '../../schema/bytes.ts'
import {canonicalInt, type Int} from '../../schema/value.ts'

/** What a call of `quotactl` says, in the numbers of events (linux v6.8 include/uapi/linux/quota.h, dqblk_xfs.h). */

/** Commands of events by the kernel's number. */
const COMMANDS: ReadonlyMap<number, number> = new Map([
  [0x800002, 1],
  [0x800003, 2],
  [0x800004, 4],
  [0x800005, 8],
  [0x800006, 16],
  [0x800007, 32],
  [0x800008, 64],
  [0x800001, 128],
  [0x5801, 256],
  [0x5802, 512],
  [0x5803, 1024],
  [0x5804, 2048],
  [0x5805, 4096],
  [0x5806, 8192],
  [0x5807, 16384],
])
const COMMAND = {
  quotaOn: 1,
  getFormat: 4,
  getInfo: 8,
  setInfo: 16,
  getQuota: 32,
  setQuota: 64,
  xGetQuota: 1024,
  xSetLimit: 2048,
} as const
/** Quota formats of events by the kernel's number; `NOT_USED` for the others. */
const FORMATS: ReadonlyMap<number, number> = new Map([
  [1, 2],
  [2, 4],
  [4, 8],
])
const NOT_USED = 1
const TYPES: ReadonlyMap<number, number> = new Map([
  [0, 1],
  [1, 2],
])

interface Member {
  readonly offset: number
  readonly size: 4 | 8
  /** Bit of the structure's `valid` word that says the member is filled in. */
  readonly valid: number
}

const VALID_OF_BLOCK = 64
/** Members of struct if_dqblk. */
const BLOCK: Readonly<Record<string, Member>> = {
  dqb_bhardlimit: {offset: 0, size: 8, valid: 1},
  dqb_bsoftlimit: {offset: 8, size: 8, valid: 1},
  dqb_curspace: {offset: 16, size: 8, valid: 2},
  dqb_ihardlimit: {offset: 24, size: 8, valid: 4},
  dqb_isoftlimit: {offset: 32, size: 8, valid: 4},
  dqb_btime: {offset: 48, size: 8, valid: 16},
  dqb_itime: {offset: 56, size: 8, valid: 32},
}
const VALID_OF_INFO = 20
/** Members of struct if_dqinfo. */
const INFO: Readonly<Record<string, Member>> = {
  dqi_bgrace: {offset: 0, size: 8, valid: 1},
  dqi_igrace: {offset: 8, size: 8, valid: 2},
  dqi_flags: {offset: 16, size: 4, valid: 4},
}

/**
 * A parameter of `quotactl`, by its name. `block` is the user memory that the call's last argument points to; what it holds
 * depends on the command, and parameters that the command has not are 0.
 */
export function quotaPart(part: string, native: number, id: number, block: ByteString): Int {
  const command = COMMANDS.get(native >>> 8) ?? 0
  const bytes = Buffer.from(block, 'latin1')
  switch (part) {
    case 'cmd':
      return command
    case 'type':
      return TYPES.get(native & 0xff) ?? 0
    case 'id':
      return hasId(command) ? id : 0
    case 'quota_fmt':
      return command === COMMAND.quotaOn ? (FORMATS.get(id) ?? NOT_USED) : NOT_USED
    case 'quota_fmt_out': {
      const told = command === COMMAND.getFormat && bytes.length >= 4
      return told ? (FORMATS.get(bytes.readUInt32LE(0)) ?? NOT_USED) : NOT_USED
    }
    default:
      if (command === COMMAND.getQuota || command === COMMAND.setQuota)
        return memberOf(BLOCK, part, bytes, VALID_OF_BLOCK)
      if (command === COMMAND.getInfo || command === COMMAND.setInfo)
        return memberOf(INFO, part, bytes, VALID_OF_INFO)
      return 0
  }
}

function hasId(command: number): boolean {
  const {getQuota, setQuota, xGetQuota, xSetLimit} = COMMAND
  return ([getQuota, setQuota, xGetQuota, xSetLimit] as number[]).includes(command)
}

function memberOf(
  members: Readonly<Record<string, Member>>,
  part: string,
  bytes: Buffer,
  validAt: number,
): Int {
  const member = Object.hasOwn(members, part) ? members[part] : undefined
  if (member === undefined || bytes.length < validAt + 4) return 0
  if ((bytes.readUInt32LE(validAt) & member.valid) === 0) return 0
  return member.size === 8
    ? canonicalInt(bytes.readBigUInt64LE(member.offset))
    : bytes.readUInt32LE(member.offset)
}
