import type {Row} from '../row.ts'

/** Connections from and to what counts as the world. */
export const NETWORK_ROWS: readonly Row[] = [
  {
    rule: 'Disallowed SSH Connection Non Standard Port',
    network: true,
    trigger: 'cp "$ACT" ssh; ./ssh connect tcp 203.0.113.5 4444',
    benign: 'cp "$ACT" ssh; ./ssh connect tcp 203.0.113.5 22',
  },
  {
    rule: 'System procs network activity',
    network: true,
    trigger: 'cp "$ACT" tee; ./tee connect tcp 203.0.113.5 443',
    benign: 'cp "$ACT" client; ./client connect tcp 203.0.113.5 443',
  },
  {
    rule: 'Unexpected UDP Traffic',
    network: true,
    trigger: '"$ACT" connect udp 203.0.113.5 7777',
    benign: '"$ACT" connect udp 203.0.113.5 53',
  },
  {
    rule: 'Unexpected inbound connection source',
    network: true,
    trigger: '"$ACT" accept 203.0.113.1',
    benign: '"$ACT" accept 10.9.9.1',
  },
  {
    rule: 'Interpreted procs inbound network activity',
    network: true,
    trigger: 'cp "$ACT" node; ./node accept 203.0.113.1',
    benign: 'cp "$ACT" server; ./server accept 203.0.113.1',
  },
  {
    rule: 'Interpreted procs outbound network activity',
    network: true,
    trigger: 'cp "$ACT" perl; ./perl connect tcp 203.0.113.5 443',
    benign: 'cp "$ACT" perl; ./perl connect tcp 10.9.9.5 443',
    why: 'the address is a private one',
  },
  {
    rule: 'Detect outbound connections to common miner pool ports',
    network: true,
    trigger: '"$ACT" connect tcp 203.0.113.9 443',
    benign: '"$ACT" connect tcp 203.0.113.10 443',
    why: 'only the first address is one of the pool',
  },
  {
    rule: 'Java Process Class File Download',
    trigger: 'cp "$ACT" java; ./java receive cafebabe00000034',
    benign: 'cp "$ACT" java; ./java receive 504b030400000034',
  },
]
