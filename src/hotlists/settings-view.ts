// The settings of all lists as they are now, in memory: a watch brings each change within
// milliseconds, so that whoever raises or shows an alert goes by what is in force.
import type { Revisioned } from '../bus/documents.ts'
import type { HotList } from '../domain/hotlist.ts'
import { type ListSettings, maySee } from '../domain/list-settings.ts'
import type { Person } from '../domain/roles.ts'
import { type ListDocument, type SettingsDocuments, settingsOf } from './settings.ts'

export class SettingsView {
  readonly #documents = new Map<string, Revisioned<ListDocument>>()
  readonly #settings: SettingsDocuments
  #stop: () => void = () => undefined

  private constructor(settings: SettingsDocuments) {
    this.#settings = settings
  }

  /** Resolves once all settings are here. */
  static async open(settings: SettingsDocuments): Promise<SettingsView> {
    const view = new SettingsView(settings)
    const watch = await settings.watch((name, document) => {
      if (document === null) view.#documents.delete(name)
      else view.#documents.set(name, document)
    })
    view.#stop = () => watch.stop()
    return view
  }

  /**
   * After the bus was away its watch may be behind whatever else comes: asks for all anew.
   * @throws HotplateError BUS_UNAVAILABLE
   */
  async refresh(): Promise<void> {
    for (const [name, document] of await this.#settings.all()) {
      // The watch may have told of a later one meanwhile.
      const known = this.#documents.get(name)?.revision ?? 0
      if (document.revision > known) this.#documents.set(name, document)
    }
  }

  of(manifest: HotList): ListSettings {
    return settingsOf(this.#documents.get(manifest.name)?.value ?? null, manifest)
  }

  /**
   * Whether a list may alert at all (401.4f). One without any settings was put into force by other
   * means, before there were any.
   */
  isInForce(name: string): boolean {
    const document = this.#documents.get(name)?.value
    return document === undefined || document.approved?.approval.state === 'active'
  }

  /** Whether a person may know of a list's alerts (401.4b). */
  maySee(name: string, who: Person): boolean {
    const document = this.#documents.get(name)?.value
    const settings = (document?.approved ?? document?.proposed)?.settings
    return settings === undefined || maySee(settings, who)
  }

  stop(): void {
    this.#stop()
  }
}
