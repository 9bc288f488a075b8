import {describeCalls} from '../support/call-cases.ts'
import {OWN_CASES, SYSTEM_CASES} from './cases/system-cases.ts'

describeCalls('captured calls on the kernel', 'system', [...SYSTEM_CASES, ...OWN_CASES])
