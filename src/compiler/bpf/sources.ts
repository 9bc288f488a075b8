import {type Slot, SOCKADDR_MAX} from '../../schema/record-layout.ts'
import {type CaptureContext, emitArgument, emitEmptySlot, R} from './capture-context.ts'
import {emitAfter, emitCallSource} from './sources/call.ts'
import {emitCgroupKey, hasCgroupKey} from './sources/cgroup-key.ts'
import {emitCgroups} from './sources/cgroups.ts'
import {emitCloneFlags} from './sources/clone-flags.ts'
import {emitExeFlags} from './sources/exe-flags.ts'
import {
  emitFileAddress,
  emitFileNumber,
  emitFilePath,
  emitFileState,
  emitInodeTime,
  emitMountId,
} from './sources/file.ts'
import {
  emitArgumentValue,
  emitCallNumber,
  emitKernelNumber,
  emitMemberValue,
  emitNumber,
  emitPrctlNumber,
} from './sources/number.ts'
import {emitDirectoryPath, emitKernelPath} from './sources/path.ts'
import {emitReaper} from './sources/reaper.ts'
import {emitRequestFd, emitRequestValue} from './sources/request.ts'
import {emitMemory, emitNamespaceStart, emitPidNumber, emitShares, emitTty} from './sources/task.ts'
import {
  emitBuffer,
  emitKernelText,
  emitRange,
  emitUserBytes,
  emitUserText,
  emitUserTexts,
} from './sources/text.ts'

/**
 * Emits the code that fills one slot. `startMax` is the largest length that the record can have by then. Values that
 * this kernel's types do not know are left empty.
 */
export function emitSource(cx: CaptureContext, slot: Slot, startMax: number): void {
  const {source} = slot
  switch (source.from) {
    case 'ret':
      cx.asm.load(8, 1, R.ctx, 8)
      return emitNumber(cx, slot)
    case 'arg':
      emitArgumentValue(cx, source)
      return emitNumber(cx, slot)
    case 'member':
      emitMemberValue(cx, source)
      return emitNumber(cx, slot)
    case 'request':
      emitRequestValue(cx, source)
      return emitNumber(cx, slot)
    case 'requestFd':
      return emitRequestFd(cx, slot)
    case 'prctlNumber':
      return emitPrctlNumber(cx, slot)
    case 'kernel':
      return emitKernelNumber(cx, slot, source)
    case 'syscall':
      return emitCallNumber(cx, slot)
    case 'cloneFlags':
      return emitCloneFlags(cx, slot)
    case 'shares':
      return emitShares(cx, slot, source.member)
    case 'tty':
      return emitTty(cx, slot)
    case 'pidNumber':
      return emitPidNumber(cx, slot, source.of)
    case 'namespaceStart':
      return emitNamespaceStart(cx, slot)
    case 'memory':
      return emitMemory(cx, slot, source.part)
    case 'cgroups':
      return emitCgroups(cx, slot, startMax)
    case 'cgroupKey':
      if (!hasCgroupKey(cx.types)) return emitEmptySlot(cx, slot, 0)
      emitCgroupKey(cx)
      return emitNumber(cx, slot)
    case 'reaper':
      return emitReaper(cx, slot)
    case 'text':
      return emitUserText(cx, slot, source)
    case 'texts':
      return emitUserTexts(cx, slot, source.index, startMax)
    case 'kernelText':
    case 'kernelArray':
      return emitKernelText(cx, slot, source)
    case 'buffer':
      return emitBuffer(cx, slot, source)
    case 'sockaddr':
      emitArgument(cx, 2, source.lengthIndex)
      emitArgument(cx, 3, source.index)
      cx.asm.signExtend32(2)
      return emitUserBytes(cx, slot, SOCKADDR_MAX)
    case 'range':
      return emitRange(cx, slot, source)
    case 'path':
      return emitKernelPath(cx, slot, source, startMax)
    case 'dirPath':
      return emitDirectoryPath(cx, slot, source, startMax)
    case 'file':
      return emitFileAddress(cx, slot, source.fd)
    case 'fileNumber':
      return emitFileNumber(cx, slot, source)
    case 'filePath':
      return emitFilePath(cx, slot, source.of, startMax)
    case 'mountId':
      return emitMountId(cx, slot, source.of)
    case 'inodeTime':
      return emitInodeTime(cx, slot, source)
    case 'fileState':
      return emitFileState(cx, slot, source)
    case 'exeFlags':
      return emitExeFlags(cx, slot, source.of)
    case 'after':
      return emitAfter(cx, slot, source, inner => emitSource(cx, inner, startMax))
    default:
      return emitCallSource(cx, slot, source, startMax)
  }
}
