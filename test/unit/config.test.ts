// Configuration. Were a wrong setting taken in silence, a service would run with its default; were
// config/default.yaml out of date, people would set what isn't there.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadConfig } from '../../src/config/load.ts'
import { configSchema } from '../../src/config/schema.ts'
import { temporaryFolder } from '../helpers/folder.ts'

const DEFAULT = fileURLToPath(new URL('../../config/default.yaml', import.meta.url))
const defaults = configSchema.parse({})

test('config/default.yaml names every setting with the default that the program has', () => {
  expect(parse(readFileSync(DEFAULT, 'utf8'))).toEqual(defaults)
  expect(loadConfig(DEFAULT, {})).toEqual(defaults)
})

test('config/default.yaml explains each group and each setting', () => {
  const lines = readFileSync(DEFAULT, 'utf8').split('\n')
  const setting = /^ *[a-z_]+:/
  // A comment covers the settings right below it, up to the next blank line or comment.
  const bare = lines.filter((line, i) => {
    if (!setting.test(line) || line.endsWith(':')) return false
    for (let above = i - 1; setting.test(lines[above] ?? ''); above -= 1) {
      if (/#/.test(lines[above - 1] ?? '')) return false
    }
    return !/#/.test(lines[i - 1] ?? '')
  })
  expect(bare).toEqual([])
})

test('the environment goes before the file, an option before both', () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'hotplate.yaml')
  writeFileSync(file, 'gateway: { port: 9000, host: 127.0.0.2 }\nretention: { days: 20 }\n')
  const env = { HOTPLATE_GATEWAY__PORT: '9001', HOTPLATE_DATA_DIR: '/from/env', OTHER: '1' }
  const config = loadConfig(file, env, { data_dir: '/from/option' })
  expect(config.gateway).toEqual({ ...defaults.gateway, port: 9001, host: '127.0.0.2' })
  expect([config.retention.days, config.data_dir]).toEqual([20, '/from/option'])
  expect(loadConfig(file, env).data_dir).toBe('/from/env')
})

test('a secret may stand in a file of its own, and is text whatever it looks like', () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'secret')
  writeFileSync(file, '0123456\n')
  const config = loadConfig(undefined, {
    HOTPLATE_NATS__PASSWORD_FILE: file,
    HOTPLATE_CLICKHOUSE__PASSWORD: '123',
  })
  expect([config.nats.password, config.clickhouse.password]).toEqual(['0123456', '123'])
  writeFileSync(file, '-----BEGIN KEY-----\n: {\n')
  const account = 'HOTPLATE_HOTLISTS__FEEDS__ACCOUNTS__STATE'
  const env = { [`${account}__PRIVATE_KEY_FILE`]: file, [`${account}__ARCHIVE_PASSWORD`]: '007' }
  expect(loadConfig(undefined, env).hotlists.feeds.accounts).toEqual({
    state: { private_key: '-----BEGIN KEY-----\n: {', archive_password: '007' },
  })
})

const wrong: [string, Record<string, string>, RegExp][] = [
  ['a wrong type', { HOTPLATE_GATEWAY__PORT: 'http' }, /expected number.* gateway\.port/],
  ['a value out of range', { HOTPLATE_RETENTION__DAYS: '0' }, /retention\.days/],
  ['a setting that is none', { HOTPLATE_GATEWAY__PROT: '1' }, /"prot".* gateway/],
  ['a group as a value', { HOTPLATE_DATA_DIR: 'x', HOTPLATE_DATA_DIR__X: '1' }, /data_dir/],
  ['text that is no YAML', { HOTPLATE_GATEWAY__PORT: '[' }, /YAML in HOTPLATE_GATEWAY__PORT/],
  ['a missing secret', { HOTPLATE_NATS__PASSWORD_FILE: '/no/such' }, /can't be read \(ENOENT\)/],
]
test.each(wrong)('%s is refused in one line that names it', (_what, env, message) => {
  expect(() => loadConfig(undefined, env)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }),
  )
})

test('a secret of the wrong form is not repeated in the error', () => {
  using folder = temporaryFolder()
  const file = join(folder.path, 'hotplate.yaml')
  for (const text of ['nats: { password: 998877665 }', 'nats: { password: [998877665, }']) {
    writeFileSync(file, text)
    try {
      loadConfig(file, {})
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({ code: 'CONFIG_INVALID' })
      expect(String(error)).not.toContain('998877665')
    }
  }
})

test.each(['/no/such/file.yaml', '.'])('a file that can not be read, %s, is named', (file) => {
  expect(() => loadConfig(file, {})).toThrow(`Configuration ${file} can't be read`)
})
