import type {RuleChecker} from '../checker.ts'
import type {Collection} from '../collection.ts'
import type {WarningLog} from '../report/warning-log.ts'

/** What reading one file works with: the collection that it changes, and the warnings that it adds. */
export interface ReadState {
  readonly collection: Collection
  readonly warnings: WarningLog
  /** Event sources that are loaded. */
  readonly sources: ReadonlySet<string>
  readonly checker: RuleChecker<unknown, unknown>
}
