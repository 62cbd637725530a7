// The settings of all lists as they are now, in memory: a watch brings each change within
// milliseconds, so that whoever raises or shows an alert goes by what is in force.
import type { Bus } from '../bus/connection.ts'
import type { Revisioned } from '../bus/documents.ts'
import type { HotList } from '../domain/hotlist.ts'
import { type ListSettings, maySee } from '../domain/list-settings.ts'
import type { Person } from '../domain/roles.ts'
import { type ListDocument, openSettings, type SettingsDocuments, settingsOf } from './settings.ts'

export class SettingsView {
  readonly #documents = new Map<string, Revisioned<ListDocument>>()
  readonly #settings: SettingsDocuments
  #stop: () => void = () => undefined

  readonly #unreadable: Set<string>

  private constructor(settings: SettingsDocuments, unreadable: Set<string>) {
    this.#settings = settings
    this.#unreadable = unreadable
  }

  /** Resolves once all settings are here. */
  static async open(bus: Bus): Promise<SettingsView> {
    const unreadable = new Set<string>()
    const settings = await openSettings(bus, (error, list) => {
      unreadable.add(list)
      bus.log?.error({ err: error, list }, 'Settings can not be read: nobody is shown the list.')
    })
    return SettingsView.over(settings, unreadable)
  }

  /** @param unreadable lists whose settings are there and can't be read: grows with what comes */
  static async over(
    settings: SettingsDocuments,
    unreadable = new Set<string>(),
  ): Promise<SettingsView> {
    const view = new SettingsView(settings, unreadable)
    const watch = await settings.watch((name, document) => {
      unreadable.delete(name)
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
    const settings = settingsOf(this.#documents.get(manifest.name)?.value ?? null, manifest)
    // What nobody is shown must not speak for what somebody is to see.
    if (!this.#unreadable.has(manifest.name)) return settings
    return { ...settings, visibility: { kind: 'covert', people: [] } }
  }

  /**
   * Whether a list may alert at all (401.4f). One without any settings was put into force by other
   * means, before there were any.
   */
  isInForce(name: string): boolean {
    const document = this.#documents.get(name)?.value
    return document === undefined || document.approved?.approval.state === 'active'
  }

  /** Whether a person may know of a list's alerts (401.4b): nobody, where that can't be read. */
  maySee(name: string, who: Person): boolean {
    if (this.#unreadable.has(name)) return false
    const document = this.#documents.get(name)?.value
    const settings = (document?.approved ?? document?.proposed)?.settings
    return settings === undefined || maySee(settings, who)
  }

  stop(): void {
    this.#stop()
  }
}
