import {describeCalls} from '../support/call-cases.ts'
import {DESCRIPTOR_CASES} from './cases/descriptor-cases.ts'

describeCalls('captured calls on descriptors', 'descriptors', DESCRIPTOR_CASES)
