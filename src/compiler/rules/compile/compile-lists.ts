import type {Collection} from '../collection.ts'
import {failLoad} from '../report/context.ts'
import type {CompiledList} from './list-substitution.ts'

/** Items that all lists together may have once references are resolved. */
const MAX_ITEMS = 2_000_000

/**
 * Resolves items that are the names of other lists: one level deep, by the items as written there. A list sees the lists
 * that were first defined before its own latest change.
 *
 * @param use called with the name of every list that another one refers to
 * @throws LoadStop when the lists grow past their bound
 */
export function compileLists(
  {lists}: Collection,
  use: (name: string) => void,
): readonly CompiledList[] {
  let total = 0
  return [...lists.values()].map(list => {
    const items: string[] = []
    for (const item of list.items) {
      const other = lists.get(item)
      const isReference = other !== undefined && other.index < list.visibility
      if (isReference) use(item)
      total += isReference ? other.items.length : 1
      if (total > MAX_ITEMS) {
        const message = `list '${list.name}': the lists have more than ${MAX_ITEMS} items`
        failLoad('LOAD_ERR_VALIDATE', message, list.context)
      }
      if (!isReference) items.push(item)
      else for (const text of other.items) items.push(text)
    }
    return {name: list.name, items}
  })
}
