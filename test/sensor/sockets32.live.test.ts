import {describeCalls} from '../support/call-cases.ts'
import {SOCKET32_CASES} from './cases/socket32-cases.ts'

describeCalls('socket calls through the 32-bit table', 'sockets32', SOCKET32_CASES, ({pid}) => ({
  net: `127.${(pid >> 8) & 0xff}.${pid & 0xff}`,
}))
