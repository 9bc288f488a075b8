import {createSocket} from 'node:dgram'

const HEADER_BYTES = 12
/** Type and class behind the name of a question. */
const QUESTION_TAIL_BYTES = 4
const TYPE_A = 1
/** QR, RD and RA; with code 3 for names that do not exist (RFC 1035, section 4.1.1). */
const ANSWER = 0x8180
const NO_SUCH_NAME = 0x8183
/** The question's own name, by its offset (RFC 1035, section 4.1.4). */
const POINTER_TO_QUESTION = 0xc00c

/** Answers questions for IPv4 addresses of these names on port 53 of a loopback address. */
export async function openNameServer(
  address: string,
  names: Readonly<Record<string, string>>,
): Promise<{close(): void}> {
  const known = new Map(Object.entries(names))
  const socket = createSocket('udp4')
  socket.on('message', (message, from) => {
    const answer = answerTo(message, known)
    if (answer !== undefined) socket.send(answer, from.port, from.address)
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(53, address, resolve)
  })
  return {close: () => socket.close()}
}

/**
 *     0      2      4    6    8    10   12
 *     | id   | bits | qd | an | ns | ar | question: labels, 0, type, class | answer: name, type, class, ttl, length, address |
 */
function answerTo(message: Buffer, names: ReadonlyMap<string, string>): Buffer | undefined {
  const labels: string[] = []
  let at = HEADER_BYTES
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length).toLowerCase())
    at += length + 1
  }
  const end = at + 1 + QUESTION_TAIL_BYTES
  if (end > message.length) return undefined
  const address = names.get(labels.join('.'))
  const isFour = message.readUInt16BE(at + 1) === TYPE_A
  const header = Buffer.alloc(HEADER_BYTES)
  message.copy(header, 0, 0, 2)
  header.writeUInt16BE(address === undefined ? NO_SUCH_NAME : ANSWER, 2)
  header.writeUInt16BE(1, 4)
  const question = message.subarray(HEADER_BYTES, end)
  if (address === undefined || !isFour) return Buffer.concat([header, question])
  header.writeUInt16BE(1, 6)
  const record = Buffer.alloc(16)
  record.writeUInt16BE(POINTER_TO_QUESTION, 0)
  record.writeUInt16BE(TYPE_A, 2)
  record.writeUInt16BE(1, 4)
  record.writeUInt32BE(60, 6)
  record.writeUInt16BE(4, 10)
  for (const [i, part] of address.split('.').entries()) record[12 + i] = Number(part)
  return Buffer.concat([header, question, record])
}
