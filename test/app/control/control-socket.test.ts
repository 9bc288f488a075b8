import assert from 'node:assert/strict'
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import {connect, createServer} from 'node:net'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, describe, it} from 'mocha'
import {askDetector} from '../../../src/app/control/control-client.ts'
import {type ControlServer, openControlServer} from '../../../src/app/control/control-server.ts'
import {defaultSocketPath} from '../../../src/app/control/socket-place.ts'
import {CodedError} from '../../../src/diagnostics/error.ts'

const HANDLERS = new Map<string, () => Promise<unknown>>([
  ['status', async () => ({well: true})],
  ['broken', () => Promise.reject(new Error('it broke'))],
  ['large', async () => 'x'.repeat(2_000_000)],
])

function hasCode(code: string): (error: unknown) => boolean {
  return error => error instanceof CodedError && error.code === code
}

describe('the control socket', () => {
  let folder: string
  let path: string
  let server: ControlServer | undefined

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'detector-control-'))
    path = join(folder, 'c.sock')
  })
  afterEach(async () => {
    await server?.close()
    server = undefined
    rmSync(folder, {recursive: true, force: true})
  })

  const open = async (patienceMs = 300, ownsFolder = false): Promise<void> => {
    server = await openControlServer({path, ownsFolder, handlers: HANDLERS, patienceMs})
  }

  /** Sends bytes as they are; gives what comes back until the other side hangs up. */
  const send = (text: string | Buffer): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(path, () => socket.write(text))
      let answer = ''
      socket.on('data', chunk => {
        answer += chunk.toString()
      })
      // Cut off while still sending.
      socket.on('error', error => (answer === '' ? reject(error) : resolve(answer)))
      socket.on('close', () => resolve(answer))
    })

  it('answers, is for its owner alone, and is gone afterwards', async () => {
    await open()
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.deepEqual(await askDetector({path, request: 'status'}), {well: true})
    assert.equal(await askDetector({path, request: 'large'}), 'x'.repeat(2_000_000))
    await server?.close()
    assert.ok(!existsSync(path))
    assert.deepEqual(readdirSync(folder), [])
  })

  it('makes its folder and takes it away when it is its own', async () => {
    path = join(folder, 'made', 'c.sock')
    await open(300, true)
    assert.equal(statSync(join(folder, 'made')).mode & 0o777, 0o700)
    await server?.close()
    assert.ok(!existsSync(join(folder, 'made')))
  })

  it('takes the place of one that a crash left behind', async () => {
    // Only a link to a socket stays when its listener ends.
    const other = createServer()
    await new Promise<void>(resolve => other.listen(join(folder, 'o'), resolve))
    linkSync(join(folder, 'o'), path)
    await new Promise(resolve => other.close(resolve))
    assert.ok(lstatSync(path).isSocket())
    await open()
    assert.deepEqual(await askDetector({path, request: 'status'}), {well: true})
  })

  it('leaves one alone that is listened to', async () => {
    await open()
    await assert.rejects(
      openControlServer({path, ownsFolder: false, handlers: HANDLERS}),
      hasCode('CONTROL_BUSY'),
    )
    assert.deepEqual(await askDetector({path, request: 'status'}), {well: true})
  })

  it('leaves a file alone that is no socket', async () => {
    writeFileSync(path, 'mine')
    await assert.rejects(open(), hasCode('CONTROL_LISTEN'))
    assert.ok(lstatSync(path).isFile())
  })

  it('lets one of many that start at once win, and the others say so', async () => {
    const starts = await Promise.allSettled(
      Array.from({length: 5}, (_, i) =>
        openControlServer({
          path: i % 2 === 0 ? path : join(folder, '.', 'c.sock'),
          ownsFolder: false,
          handlers: HANDLERS,
        }),
      ),
    )
    const won = starts.filter(start => start.status === 'fulfilled')
    assert.equal(won.length, 1)
    server = won[0]?.value
    assert.deepEqual(await askDetector({path, request: 'status'}), {well: true})
  })

  it('says that a path is too long, and for how long it may be', async () => {
    path = join(folder, 'x'.repeat(120))
    await assert.rejects(open(), hasCode('CONTROL_LISTEN'))
  })

  const requests: {name: string; text: string | Buffer; want: RegExp}[] = [
    {name: 'no JSON', text: 'status\n', want: /"code":"bad_request"/},
    {name: 'an array', text: '[]\n', want: /"code":"bad_request"/},
    {name: 'null', text: 'null\n', want: /"code":"bad_request"/},
    {name: 'nothing', text: '\n', want: /"code":"bad_request"/},
    {name: 'bytes', text: Buffer.from([0, 255, 10]), want: /"code":"bad_request"/},
    {
      name: 'another version',
      text: '{"version":2,"request":"status"}\n',
      want: /"unknown_version"/,
    },
    {name: 'no request', text: '{"version":1}\n', want: /"bad_request"/},
    {
      name: 'an unknown request',
      text: '{"version":1,"request":"stop"}\n',
      want: /"unknown_request"/,
    },
    {
      name: 'names of a prototype',
      text: '{"version":1,"request":"constructor","__proto__":{"request":"status"}}\n',
      want: /"unknown_request"/,
    },
    {name: 'a handler that fails', text: '{"version":1,"request":"broken"}\n', want: /it broke/},
    {name: 'a line without end', text: 'x'.repeat(5000), want: /too long/},
    {name: 'depth', text: `${'['.repeat(4000)}\n`, want: /"bad_request"/},
  ]
  for (const {name, text, want} of requests) {
    it(`answers ${name} by an error, and others as before`, async () => {
      await open()
      const answer = await send(text)
      assert.match(answer, want)
      assert.match(answer, /^\{"version":1,"ok":false,.*\}\n$/)
      assert.deepEqual(await askDetector({path, request: 'status'}), {well: true})
    })
  }

  it('hangs up on who says nothing', async () => {
    await open(50)
    assert.equal(await send(''), '')
  })

  it('turns away whom it cannot serve, and serves again when the others are gone', async () => {
    await open(200)
    const idle = Array.from({length: 16}, () => send(''))
    await assert.rejects(askDetector({path, request: 'status'}), hasCode('CONTROL_REFUSED'))
    await Promise.all(idle)
    assert.deepEqual(await askDetector({path, request: 'status'}), {well: true})
  })

  it('is not held up by who takes no answer', async () => {
    await open(100)
    const socket = connect(path, () => socket.write('{"version":1,"request":"large"}\n'))
    socket.pause()
    await new Promise(resolve => socket.on('connect', resolve))
    assert.deepEqual(await askDetector({path, request: 'status'}), {well: true})
    await server?.close()
    socket.destroy()
  })
})

describe('asking a detector', () => {
  let folder: string
  let path: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'detector-ask-'))
    path = join(folder, 'c.sock')
  })
  afterEach(() => rmSync(folder, {recursive: true, force: true}))

  it('says that none is running where there is no socket', async () => {
    await assert.rejects(askDetector({path, request: 'status'}), hasCode('CONTROL_NO_ANSWER'))
  })

  const answers: {name: string; text: string; code: string}[] = [
    {name: 'nonsense', text: 'hello\n', code: 'CONTROL_NO_ANSWER'},
    {name: 'nothing', text: '', code: 'CONTROL_NO_ANSWER'},
    {name: 'another version', text: '{"version":9,"ok":true}\n', code: 'CONTROL_NO_ANSWER'},
    {name: 'an error that is none', text: '{"version":1,"ok":false}\n', code: 'CONTROL_NO_ANSWER'},
    {
      name: 'a refusal',
      text: '{"version":1,"ok":false,"error":{"code":"busy","message":"later"}}\n',
      code: 'CONTROL_REFUSED',
    },
  ]
  for (const {name, text, code} of answers) {
    it(`takes ${name} for ${code}`, async () => {
      const server = createServer(socket =>
        socket
          .on('error', () => {})
          .resume()
          .end(text),
      )
      await new Promise<void>(resolve => server.listen(path, resolve))
      try {
        await assert.rejects(askDetector({path, request: 'status'}), hasCode(code))
      } finally {
        await new Promise(resolve => server.close(resolve))
      }
    })
  }

  it('does not wait for ever', async () => {
    const server = createServer(socket => socket.on('error', () => {}).resume())
    await new Promise<void>(resolve => server.listen(path, resolve))
    try {
      await assert.rejects(
        askDetector({path, request: 'status', withinMs: 50}),
        hasCode('CONTROL_NO_ANSWER'),
      )
    } finally {
      await new Promise(resolve => server.close(resolve))
    }
  })
})

describe('the default place of the control socket', () => {
  const cases: {uid: number; env: Record<string, string>; want: string | undefined}[] = [
    {uid: 0, env: {XDG_RUNTIME_DIR: '/run/user/0'}, want: '/run/detector/control.sock'},
    {uid: 7, env: {XDG_RUNTIME_DIR: '/run/user/7'}, want: '/run/user/7/detector/control.sock'},
    {uid: 7, env: {}, want: undefined},
    {uid: 7, env: {XDG_RUNTIME_DIR: 'relative'}, want: undefined},
  ]
  for (const {uid, env, want} of cases)
    it(`of user ${uid} with ${JSON.stringify(env)} is ${want}`, () =>
      assert.equal(defaultSocketPath(uid, env), want))
})
