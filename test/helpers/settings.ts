// Settings of lists as tests put them into force, without the way that leads there.
import { PROGRAM } from '../../src/domain/approval.ts'
import type { Category } from '../../src/domain/hotlist.ts'
import { defaultSettings } from '../../src/domain/list-settings.ts'
import {
  type ListDocument,
  patched,
  type SettingsDocuments,
  type SettingsPatch,
} from '../../src/hotlists/settings.ts'

export function settingsInForce(
  name: string,
  patch: SettingsPatch = {},
  category: Category = 'custom',
): ListDocument {
  const at = new Date().toISOString()
  return {
    name,
    approved: {
      settings: patched(defaultSettings(name, category, 'fold'), patch),
      approval: {
        subject: 'list',
        state: 'active',
        authors: ['author'],
        history: [{ action: 'activate', by: PROGRAM.name, at }],
      },
    },
    proposed: null,
  }
}

/** Puts settings in the place of whatever is there. */
export async function putSettings(
  settings: SettingsDocuments,
  name: string,
  patch: SettingsPatch = {},
  category: Category = 'custom',
): Promise<void> {
  const document = settingsInForce(name, patch, category)
  const before = await settings.get(name)
  if (before === null) await settings.create(name, document)
  else await settings.update(name, document, before.revision)
}
