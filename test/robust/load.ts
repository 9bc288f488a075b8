/** An ordinary mixed load in a session of its own: a compiler, git, find, tar, curl, and many short programs. */
import {type ChildProcess, spawn} from 'node:child_process'
import {existsSync, mkdirSync, writeFileSync} from 'node:fs'
import {createServer, type Server} from 'node:http'
import type {AddressInfo} from 'node:net'
import {join} from 'node:path'
import type {Context} from 'mocha'
import {packageRoot} from '../../src/paths.ts'
import {compileC} from '../support/compile-c.ts'
import type {Fields, RobustFolder} from './truths.ts'
import {jsonLines} from './truths.ts'

/** Rule files that people use today, all of their rules. Skips the test without them. */
export function publicRules(context: Context): string[] {
  const folder = join(packageRoot, '..', 'shared', 'public-rules')
  if (!existsSync(folder)) {
    console.log('      skipping: no ../shared/public-rules')
    context.skip()
  }
  return ['falco', 'falco-incubating', 'falco-sandbox'].flatMap(name => [
    '-r',
    join(folder, `${name}_rules.yaml`),
  ])
}

/** Short programs that are started each second. */
export const PACE = 200

/** Each part goes on until the time is up; the pauses are what makes it a load and not a burst. */
const SCRIPT = `
read go || exit 1
cd work
end=$(($(date +%s) + $LOAD_SECONDS))
again() { [ "$(date +%s)" -lt $end ]; }
../robust-load $LOAD_SECONDS ${PACE} &
while again; do gcc -O1 -o hello hello.c && ./hello >/dev/null; sleep 0.2; done &
while again; do
  rm -rf repo && git init -q repo && cp hello.c repo/ && git -C repo add hello.c &&
    git -C repo -c user.name=load -c user.email=load@localhost commit -q -m load
  sleep 0.2
done &
while again; do
  find /usr/include -name '*.h' -newer hello.c >/dev/null
  tar cf all.tar -C /etc hosts passwd group && tar tf all.tar >/dev/null
  sleep 0.2
done &
while again; do curl -s -o page "$LOAD_URL"; sleep 0.1; done &
wait
`

/** A load that waits for its start. */
export interface Load {
  /** Session of all its processes, in the numbers of the host. */
  readonly sid: number
  /** Lets it run to its end; gives what the short programs told of themselves. */
  readonly run: () => Promise<Fields[]>
  /** Ends what is left of it. */
  readonly stop: () => void
}

/** Prepares a load of so many seconds below the folder. */
export async function prepareLoad(
  context: Context,
  {path, mark}: RobustFolder,
  seconds: number,
): Promise<Load> {
  compileC(context, 'robust-load', path)
  mkdirSync(join(path, 'work'))
  writeFileSync(
    join(path, 'work', 'hello.c'),
    '#include <stdio.h>\nint main(void) { return puts("hello") < 0; }\n',
  )
  const server = createServer((_request, response) => response.end('page'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const {port} = server.address() as AddressInfo
  const child = spawn('sh', ['-c', SCRIPT], {
    cwd: path,
    // A session of its own: rules tell the load from everything else by that.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ROBUST_MARK: mark,
      LOAD_SECONDS: String(seconds),
      LOAD_URL: `http://127.0.0.1:${port}/`,
      GIT_CONFIG_NOSYSTEM: '1',
      HOME: path,
    },
  })
  return {
    sid: child.pid ?? -1,
    run: () => outputOf(child, server),
    stop: () => endSession(child, server),
  }
}

function outputOf(child: ChildProcess, server: Server): Promise<Fields[]> {
  const [out, err]: [Buffer[], Buffer[]] = [[], []]
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk))
  child.stdin?.end('go\n')
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => {
      server.close()
      server.closeAllConnections()
      const complaints = Buffer.concat(err).toString()
      if (code === 0 && complaints === '') resolve(jsonLines(Buffer.concat(out).toString('latin1')))
      else reject(new Error(`the load ended with ${code}: ${complaints}`))
    })
  })
}

function endSession(child: ChildProcess, server: Server): void {
  server.close()
  if (child.exitCode !== null || child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}
