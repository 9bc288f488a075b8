import type {AlertValue} from '../../schema/alert.ts'
import {type FieldEvent, fieldEventBinder, fieldEventCode} from '../field-events.ts'
import {compileRuleMatcher} from '../js/matcher.ts'
import {bindRuleOutput} from '../output/bind-rule-output.ts'
import type {Rule} from './load-rules.ts'

/** Settings of {@link createRuleEvaluator}. */
export interface RuleEvaluatorOptions {
  /** `first`: only the first rule that matches an event; `all`: every one. Default: `first`. */
  readonly matching?: 'first' | 'all'
}

/** One rule that matched an event. */
export interface RuleMatch {
  readonly rule: Rule
  /** The rule's output with its fields filled in. */
  readonly message: string
  /** Fields of the output by their text (`proc.aname[2]`), in the order of the output. */
  readonly fields: ReadonlyMap<string, AlertValue>
}

/** A set of rules ready to be asked. */
export interface RuleEvaluator {
  /** The rules that match an event, in the order in which they were given. An event is matched by its `evt.type`. */
  evaluate(event: FieldEvent): readonly RuleMatch[]
}

/**
 * Compiles rules into one matcher over field events. Rules are tried in the order given, which `selectRules` yields; their
 * `enabled` is not looked at here.
 */
export function createRuleEvaluator(
  rules: readonly Rule[],
  {matching = 'first'}: RuleEvaluatorOptions = {},
): RuleEvaluator {
  const matcher = compileRuleMatcher(rules, fieldEventBinder)
  const outputs = rules.map(rule => bindRuleOutput(rule, fieldEventBinder))
  const found: number[] = []
  return {
    evaluate(event) {
      const code = fieldEventCode(event)
      found.length = 0
      if (matching === 'all') {
        matcher.matchAll(event, code, found)
      } else {
        const first = matcher.matchFirst(event, code)
        if (first >= 0) found.push(first)
      }
      return found.map(index => {
        const output = outputs[index]!
        return {rule: rules[index]!, message: output.message(event), fields: output.fields(event)}
      })
    },
  }
}
