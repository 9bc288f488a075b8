/** Type id of the function with this index. */
export function functionTypes(index: number): number {
  return 3 + index
}

/** Types of that many functions, `static int f(void)`, so that programs may have callbacks. */
export function typesOfFunctions(count: number): Buffer {
  const strings = Buffer.from('\0int\0f\0', 'latin1')
  const words: number[] = [
    // int: 4 bytes, signed, 32 bits.
    ...[1, 1 << 24, 4, (1 << 24) | 32],
    // A prototype without parameters that returns type 1.
    ...[0, 13 << 24, 1],
  ]
  for (let index = 0; index < count; index++) words.push(5, 12 << 24, 2)
  const types = Buffer.alloc(words.length * 4)
  for (const [index, word] of words.entries()) types.writeUInt32LE(word, index * 4)
  const header = Buffer.alloc(24)
  header.writeUInt16LE(0xeb9f, 0)
  header.writeUInt8(1, 2)
  for (const [index, word] of [24, 0, types.length, types.length, strings.length].entries())
    header.writeUInt32LE(word, 4 + index * 4)
  return Buffer.concat([header, types, strings])
}
