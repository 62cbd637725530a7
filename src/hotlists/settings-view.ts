// The settings of all lists as they are now, in memory: a watch brings each change within
// milliseconds, so that whoever raises or shows an alert goes by what is in force.
import type { HotList } from '../domain/hotlist.ts'
import { type ListSettings, maySee } from '../domain/list-settings.ts'
import type { Person } from '../domain/roles.ts'
import { type ListDocument, type SettingsDocuments, settingsOf } from './settings.ts'

export class SettingsView {
  readonly #documents = new Map<string, ListDocument>()
  #stop: () => void = () => undefined

  /** Resolves once all settings are here. */
  static async open(settings: SettingsDocuments): Promise<SettingsView> {
    const view = new SettingsView()
    const watch = await settings.watch((name, document) => {
      if (document === null) view.#documents.delete(name)
      else view.#documents.set(name, document.value)
    })
    view.#stop = () => watch.stop()
    return view
  }

  of(manifest: HotList): ListSettings {
    return settingsOf(this.#documents.get(manifest.name) ?? null, manifest)
  }

  /**
   * Whether a list may alert at all (401.4f). One without any settings was put into force by other
   * means, before there were any.
   */
  isInForce(name: string): boolean {
    const document = this.#documents.get(name)
    return document === undefined || document.approved?.approval.state === 'active'
  }

  /** Whether a person may know of a list's alerts (401.4b). */
  maySee(name: string, who: Person): boolean {
    const document = this.#documents.get(name)
    const settings = (document?.approved ?? document?.proposed)?.settings
    return settings === undefined || maySee(settings, who)
  }

  stop(): void {
    this.#stop()
  }
}
