// What the service gives of hot lists, as far as the pages show it.
import type { Approval } from '../domain/approval.ts'
import type { Entry } from '../domain/hotlist.ts'
import type { ListSettings } from '../domain/list-settings.ts'

export interface Stated {
  settings: ListSettings
  approval: Approval
}

export interface ListDocument {
  name: string
  approved: Stated | null
  proposed: Stated | null
  version: number | null
  entries: number
  age_h: number | null
  /** Its age, where it is past its time. */
  stale_h: number | null
}

export interface ListVersion {
  version: number
  state:
    | 'importing'
    | 'staged'
    | 'held'
    | 'submitted'
    | 'active'
    | 'superseded'
    | 'returned'
    | 'failed'
  file: string | null
  format: string | null
  began_at: string
  activated_at?: string
  counts: Record<'lines' | 'entries' | 'inactive' | 'bad' | 'skipped' | 'duplicates', number> &
    Partial<Record<'added' | 'changed' | 'removed', number>>
  skipped: Record<string, number>
  inactive: Record<string, number>
  /** The version that it was compared with. */
  beside: number | null
  held: string[]
  approval: Approval
  rolled_back_to?: number
  failure?: string
  entries_kept: boolean
}

export interface EntryDocument {
  list: string
  entry: Entry
  approval: Approval
  revision: number
}
