import assert from 'node:assert/strict'
import {afterEach, describe, it} from 'mocha'
import {failureOf} from '../../../src/outputs/sink.ts'
import {slackMessage, slackSink} from '../../../src/outputs/sinks/slack.ts'
import {PRIORITIES} from '../../../src/schema/priority.ts'
import {mkAlert, mkAlerts} from '../../support/alerts.ts'
import {type Answer, answer, type Receiver, startReceiver} from '../../support/receiver.ts'

interface Text {
  readonly type: string
  readonly text: string
  readonly emoji?: boolean
}
interface Message {
  readonly text: string
  readonly mrkdwn: boolean
  readonly attachments: readonly {
    readonly color: string
    readonly blocks: readonly {
      readonly type: string
      readonly text?: Text
      readonly fields?: readonly Text[]
      readonly elements?: readonly Text[]
    }[]
  }[]
}

const parse = (alert: Parameters<typeof mkAlert>[0], maxFields = 10): Message =>
  JSON.parse(slackMessage(mkAlert(alert), maxFields)) as Message
const blocksOf = (message: Message) => message.attachments[0]!.blocks
const textsOf = (message: Message): Text[] =>
  blocksOf(message).flatMap(block => [
    ...(block.text ? [block.text] : []),
    ...(block.fields ?? []),
    ...(block.elements ?? []),
  ])

/** What Slack's reference of blocks demands; every violation is an `invalid_blocks`. */
function violations(message: Message): string[] {
  const limit: Record<string, number> = {header: 150, section: 3000, context: 3000}
  const found: string[] = []
  const blocks = blocksOf(message)
  if (blocks.length > 50) found.push('more than 50 blocks')
  for (const {type, text, fields = [], elements = []} of blocks) {
    if (text !== undefined && (text.text.length < 1 || text.text.length > limit[type]!))
      found.push(`${type} of ${text.text.length}`)
    if (fields.length > 10) found.push('more than 10 fields')
    if (elements.length > 10) found.push('more than 10 elements')
    for (const {text: inner} of [...fields, ...elements])
      if (inner.length < 1 || inner.length > 2000) found.push(`inner text of ${inner.length}`)
  }
  for (const {type, text} of textsOf(message)) {
    if (type !== 'plain_text') found.push(`a text of ${type}`)
    if (/[<>]/.test(text) || /&(?!(amp|lt|gt);)/.test(text)) found.push(`not escaped: ${text}`)
  }
  return found
}

describe('slackMessage', () => {
  it('has header, message, fields and where it comes from', () => {
    const message = parse({
      rule: 'Shell in container',
      message: 'a shell <bash> & more',
      tags: ['mitre'],
      fields: [
        ['proc.name', 'bash'],
        ['proc.pid', 7],
        ['fd.name', null],
      ],
    })
    assert.deepEqual(
      textsOf(message).map(({text}) => text),
      [
        'Warning: Shell in container',
        'a shell &lt;bash&gt; &amp; more',
        'proc.name: bash',
        'proc.pid: 7',
        'box · 2016-08-04T16:17:57.881781397Z · syscall · mitre · a1',
      ],
    )
    assert.equal(message.text, 'Warning: Shell in container: a shell &lt;bash&gt; &amp; more')
  })

  it('has a colour for each priority', () => {
    const colors = PRIORITIES.map(priority => parse({priority}).attachments[0]?.color)
    assert.equal(new Set(colors).size, PRIORITIES.length)
    for (const color of colors) assert.match(color ?? '', /^#[0-9a-f]{6}$/)
  })

  const evil = '<!channel> <@U1> <http://evil|ok> *b* `c` & &amp; :bomb: \u001b[31m\u202e'
  const hostile: {name: string; alert: Parameters<typeof mkAlert>[0]}[] = [
    {name: 'mentions, links and controls', alert: {rule: evil, message: evil, tags: [evil]}},
    {name: 'nothing at all', alert: {message: '', hostname: '', fields: []}},
    {name: 'texts of 64 KiB', alert: {rule: 'r'.repeat(65_536), message: '😀'.repeat(32_768)}},
    {
      name: 'texts that grow when escaped',
      alert: {rule: '&'.repeat(999), message: '<'.repeat(9999)},
    },
    {
      name: 'many long fields',
      alert: {fields: Array.from({length: 99}, (_, i) => [`f${i}`, '&'.repeat(9999)] as const)},
    },
    {name: 'many tags', alert: {tags: Array.from({length: 999}, (_, i) => `tag${i}`.repeat(99))}},
  ]
  for (const {name, alert} of hostile) {
    it(`stays within what Slack takes for ${name}`, () => {
      const message = parse(alert)
      assert.deepEqual(violations(message), [])
      assert.equal(message.mrkdwn, false)
      assert.doesNotMatch(message.text, /[<>\u001b\u202e]/)
      for (const {text, emoji} of textsOf(message)) {
        assert.equal(emoji, false)
        assert.doesNotMatch(text, /[\u001b\u202e]|[\ud800-\udbff]$/)
      }
    })
  }

  it('shows as many fields as asked for', () => {
    const fields = Array.from({length: 9}, (_, i) => [`f${i}`, i] as const)
    const shown = (max: number) =>
      blocksOf(parse({fields}, max)).find(block => block.fields)?.fields?.length
    assert.deepEqual([shown(3), shown(0)], [3, undefined])
  })
})

describe('slackSink', () => {
  let receiver: Receiver
  const start = async (answers?: readonly Answer[]) => {
    receiver = await startReceiver(answers)
    return slackSink({
      type: 'slack',
      name: 'team',
      url: `${receiver.url}/services/T0/B0/s3cret`,
      headers: {},
      timeoutMs: 2000,
      maxFields: 10,
    })
  }
  afterEach(() => receiver.close())

  it('posts one message for each alert', async () => {
    const sink = await start([answer(200, 'ok')])
    await sink.deliver(mkAlerts(2), new AbortController().signal)
    await sink.close()
    assert.deepEqual(
      receiver.heard.map(({url, headers}) => [url, headers['content-type']]),
      Array(2).fill(['/services/T0/B0/s3cret', 'application/json']),
    )
  })

  // https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, the table of errors.
  const verdicts = [
    {name: '400 invalid_payload', answer: answer(400, 'invalid_payload'), permanent: true},
    {name: '403 action_prohibited', answer: answer(403, 'action_prohibited'), permanent: true},
    {name: '404 no_service', answer: answer(404, 'no_service'), permanent: true},
    {name: '410 channel_is_archived', answer: answer(410), permanent: true},
    {name: '429', answer: answer(429, '', {'retry-after': '3'}), permanent: false, asked: 3000},
    {name: '500 rollup_error', answer: answer(500, 'rollup_error'), permanent: false},
  ]
  for (const {name, answer: given, permanent, asked} of verdicts) {
    it(`takes ${name} as ${permanent ? 'permanent' : 'passing'}`, async () => {
      const sink = await start([answer(200), given])
      await assert.rejects(sink.deliver(mkAlerts(2), new AbortController().signal), error => {
        const failure = failureOf(error)
        assert.deepEqual(
          [failure.delivered, failure.permanent, failure.retryAfterMs],
          [1, permanent, asked],
        )
        assert.doesNotMatch(String(error), /s3cret/)
        return true
      })
      await sink.close()
    })
  }
})
