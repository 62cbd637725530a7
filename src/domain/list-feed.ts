// Where a list's files come from by themselves.

/** The folder of the list's name below `hotlists.feeds.folder`: whoever may write there sends. */
export interface FolderFeed {
  kind: 'folder'
  /** Name of an account in `hotlists.feeds.accounts`: for the password of archives. */
  account?: string
}

/** A file that is asked for on a schedule. */
export interface HttpsFeed {
  kind: 'https'
  url: string
  every_minutes: number
  /** As above: nothing secret stands here. */
  account?: string
}

export interface SftpFeed {
  kind: 'sftp'
  host: string
  port: number
  path: string
  every_minutes: number
  account: string
  /** The server's key as OpenSSH shows it: `SHA256:` and 43 characters. */
  host_key: string
}

export type ListFeed = FolderFeed | HttpsFeed | SftpFeed
