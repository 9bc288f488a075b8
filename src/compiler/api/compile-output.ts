import {type FieldEvent, fieldEventBinder} from '../field-events.ts'
import {type BoundTemplate, bindTemplate} from '../output/bind-template.ts'
import {compileTemplate} from '../output/template.ts'
import type {TextProblem} from './compile-filter.ts'

/** The answer of {@link compileOutput}. */
export type OutputResult =
  | {readonly ok: true; readonly output: BoundTemplate<FieldEvent>}
  | {readonly ok: false; readonly problem: TextProblem}

/** Compiles an output text, such as `%proc.name opened %fd.name`. Never throws because of what the text says. */
export function compileOutput(text: string): OutputResult {
  const verdict = compileTemplate(text)
  if (verdict.ok) return {ok: true, output: bindTemplate(verdict.template, fieldEventBinder)}
  const {message, hint, span} = verdict.problem
  return {ok: false, problem: {message, ...(hint === undefined ? {} : {hint}), span}}
}
