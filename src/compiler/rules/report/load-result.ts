/** Codes of load errors, with the short text that reports show. */
const LOAD_ERRORS = {
  LOAD_ERR_FILE_READ: 'file read',
  LOAD_ERR_YAML_PARSE: 'YAML parse',
  LOAD_ERR_YAML_VALIDATE: 'structure',
  LOAD_ERR_COMPILE_CONDITION: 'condition',
  LOAD_ERR_COMPILE_OUTPUT: 'output',
  LOAD_ERR_VALIDATE: 'item',
  LOAD_ERR_EXTENSION: 'extension',
} as const

/** Codes of load warnings, with the short text that reports show. */
const LOAD_WARNINGS = {
  LOAD_UNKNOWN_SOURCE: 'unknown event source',
  LOAD_UNSAFE_NA_CHECK: 'unsafe comparison with <NA>',
  LOAD_NO_EVTTYPE: 'the condition is open to too many event types',
  LOAD_UNKNOWN_FILTER: 'unknown field or event type: the rule is left out',
  LOAD_UNUSED_MACRO: 'unused macro',
  LOAD_UNUSED_LIST: 'unused list',
  LOAD_UNKNOWN_ITEM: 'unknown item',
  LOAD_DEPRECATED_ITEM: 'deprecated item',
  LOAD_WARNING_EXTENSION: 'warning of an extension item',
  LOAD_APPEND_NO_VALUES: 'an appended exception has no values',
  LOAD_EXCEPTION_NAME_NOT_UNIQUE: 'several exceptions of one name',
  LOAD_INVALID_MACRO_NAME: 'invalid macro name',
  LOAD_INVALID_LIST_NAME: 'invalid list name',
  LOAD_COMPILE_CONDITION: 'doubtful condition',
  LOAD_UNKNOWN_KEY: 'unknown key',
} as const

/** A code that makes a file fail. */
export type LoadErrorCode = keyof typeof LOAD_ERRORS

/** A code that does not. */
export type LoadWarningCode = keyof typeof LOAD_WARNINGS

/** Any code. */
export type LoadCode = LoadErrorCode | LoadWarningCode

const DESCRIPTIONS: Readonly<Record<LoadCode, string>> = {...LOAD_ERRORS, ...LOAD_WARNINGS}

/** The fixed short text of a code. */
export function codeDescription(code: LoadCode): string {
  return DESCRIPTIONS[code]
}

/** What a location points at. */
export type ItemType =
  | 'rules content'
  | 'rules content item'
  | 'required_engine_version'
  | 'required plugin versions'
  | 'required plugin versions entry'
  | 'required plugin versions alternative'
  | 'list'
  | 'list item'
  | 'macro'
  | 'macro condition'
  | 'rule'
  | 'rule condition'
  | 'condition expression'
  | 'rule output'
  | 'rule output expression'
  | 'rule priority'
  | 'overrides'
  | 'exceptions'
  | 'exception'
  | 'exception values'
  | 'exception value'
  | 'value for'
  | 'extension item'

/** One link of the chain from the file to the place of a problem. */
export interface Location {
  readonly itemType: ItemType
  /** The item's name once known, else empty. */
  readonly itemName: string
  readonly position: {
    /** The file; for expressions the quoted start of their text. */
    readonly name: string
    /** From 0. */
    readonly line: number
    readonly column: number
    readonly offset: number
  }
}

/** One error or warning. */
export interface LoadIssue<Code extends LoadCode = LoadCode> {
  readonly code: Code
  /** Names the offending identifier; lower case, no trailing stop. */
  readonly message: string
  readonly deprecatedField?: string
  /** From the file inwards; never empty. */
  readonly locations: readonly Location[]
  /** The line of the place, and a line with `^` under it. */
  readonly snippet: string
  /** For a place inside an expression: where exactly it was written, if that can be told. */
  readonly origin?: IssueOrigin
}

/** A place in a file, and its lines. */
export interface IssueOrigin {
  readonly name: string
  /** From 0. */
  readonly line: number
  readonly column: number
  /** The line before, the line, and carets under the place. */
  readonly frame: string
}

/** What became of one file. */
export interface LoadResult {
  readonly name: string
  /** No errors; warnings do not matter. */
  readonly successful: boolean
  readonly schemaValid: boolean
  /** Why the schema check failed; empty when it passed. */
  readonly schemaWarnings: readonly string[]
  /** At most one, except when invalid rules are skipped. */
  readonly errors: readonly LoadIssue<LoadErrorCode>[]
  readonly warnings: readonly LoadIssue<LoadWarningCode>[]
}
