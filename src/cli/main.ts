#!/usr/bin/env node
// First of all, before any other module is loaded: Node would open a debugger port on SIGUSR1, which here means
// "open files again" (signals.ts). The imports below are dynamic to stay behind this line.
process.on('SIGUSR1', () => {})

const {runCli} = await import('./cli.ts')
const {flushOutput, processIo} = await import('./process-io.ts')

const exitCode = await runCli(process.argv.slice(2), processIo())
await flushOutput()
process.exit(exitCode)
