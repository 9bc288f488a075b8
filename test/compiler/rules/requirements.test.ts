import assert from 'node:assert/strict'
import {describe, it} from 'mocha'
import {unmetRequirements} from '../../../src/compiler/rules/read/plugin-requirements.ts'
import {loadTexts, placeOf} from './load-texts.ts'

function mkRequirement(...entries: string[]): string {
  return `- required_plugin_versions:\n${entries.map(entry => `  - ${entry}\n`).join('')}`
}

describe('required plugins', () => {
  const loaded = [
    {name: 'json', version: '0.7.1'},
    {name: 'audit', version: '1.2.0'},
  ]
  const cases: readonly {name: string; input: string; met: boolean}[] = [
    {name: 'the same version', input: '{name: json, version: 0.7.1}', met: true},
    {name: 'an older one', input: '{name: json, version: 0.6.9}', met: true},
    {name: 'a newer one', input: '{name: json, version: 0.7.2}', met: false},
    {name: 'an older major', input: '{name: audit, version: 0.9.0}', met: false},
    {name: 'a plugin that is not there', input: '{name: k8s, version: 0.1.0}', met: false},
    {
      name: 'an alternative that is there',
      input: '{name: k8s, version: 0.1.0, alternatives: [{name: json, version: 0.1.0}]}',
      met: true,
    },
    {
      name: 'an alternative behind one that is there but too old',
      input: '{name: json, version: 0.9.0, alternatives: [{name: audit, version: 1.0.0}]}',
      met: false,
    },
  ]
  for (const {name, input, met} of cases) {
    it(`${met ? 'are met by' : 'are not met by'} ${name}`, () => {
      const {pluginRequirements, codes} = loadTexts([mkRequirement(input)])
      assert.deepEqual(codes, [])
      assert.equal(unmetRequirements(pluginRequirements, loaded).length === 0, met)
    })
  }

  it('must all be met', () => {
    const {pluginRequirements} = loadTexts([
      mkRequirement('{name: json, version: 0.7.1}'),
      mkRequirement('{name: json, version: 0.7.1}', '{name: k8s, version: 0.7.1}'),
    ])
    assert.deepEqual(unmetRequirements(pluginRequirements, loaded), [
      [{name: 'k8s', version: '0.7.1'}],
    ])
  })

  const refused: readonly {name: string; input: string; want: string; message: RegExp}[] = [
    {
      name: 'a scalar',
      input: '- required_plugin_versions: x',
      want: 'LOAD_ERR_YAML_VALIDATE',
      message: /required_plugin_versions/,
    },
    {
      name: 'a scalar entry',
      input: mkRequirement('x'),
      want: 'LOAD_ERR_YAML_VALIDATE',
      message: /mapping/,
    },
    {
      name: 'no version',
      input: mkRequirement('{name: json}'),
      want: 'LOAD_ERR_YAML_VALIDATE',
      message: /'version'/,
    },
    {
      name: 'a version of two numbers',
      input: mkRequirement('{name: json, version: 0.1}'),
      want: 'LOAD_ERR_VALIDATE',
      message: /'0\.1'.*'json'/,
    },
    {
      name: 'a plugin named twice',
      input: mkRequirement(
        '{name: json, version: 0.1.0, alternatives: [{name: json, version: 0.2.0}]}',
      ),
      want: 'LOAD_ERR_VALIDATE',
      message: /'json'/,
    },
  ]
  for (const {name, input, want, message} of refused) {
    it(`refuse ${name}`, () => {
      const [error] = loadTexts([input]).errors
      assert.equal(error?.code, want)
      assert.match(error.message, message)
      assert.ok(placeOf(error, 'required plugin versions'))
    })
  }
})
