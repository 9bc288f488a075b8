/** Operators that take one text and may carry a modifier, by symbol. */
export const TEXT_SYMBOLS = ['==', '=', '!=']

/** Operators that take one text and may carry a modifier, by word; a blank has to follow. */
export const TEXT_WORDS = [
  'glob',
  'iglob',
  'contains',
  'icontains',
  'bcontains',
  'startswith',
  'bstartswith',
  'endswith',
  'regex',
]

/** Operators that take a list; no blank need follow. */
export const LIST_WORDS = ['intersects', 'in', 'pmatch']

/** Words between a text operator and a list. */
export const MODIFIERS = ['oneof', 'anyof', 'allof'] as const

/** Names of the transformers that may stand on both sides. */
export const TRANSFORMER_NAMES = [
  'tolower',
  'toupper',
  'b64',
  'basename',
  'len',
  'join',
  'concat',
  'getopt',
] as const
