// A door in front of a server that a test shuts and opens: the server behind it stays as it is.
//
//   open     connections are passed on
//   refused  nothing listens, and what was open is cut: a server that is not there
//   hanging  connections are taken, what was open stays, no byte goes either way
import { createServer, connect as dial, type Server, type Socket } from 'node:net'
import { freePort } from './ports.ts'

export interface Door extends AsyncDisposable {
  url: string
  open(): Promise<void>
  refuse(): Promise<void>
  hang(): void
}

/** @param target `http://host:port` of the server behind it */
export async function openDoor(target: string): Promise<Door> {
  const { hostname, port: behind } = new URL(target)
  const port = await freePort()
  const pairs = new Set<{ near: Socket; far: Socket | null }>()
  let hanging = false
  let server: Server | null = null

  const take = (near: Socket) => {
    const pair: { near: Socket; far: Socket | null } = { near, far: null }
    pairs.add(pair)
    const end = () => {
      near.destroy()
      pair.far?.destroy()
      pairs.delete(pair)
    }
    near.on('error', end).on('close', end)
    if (hanging) {
      near.pause()
      return
    }
    const far = dial(Number(behind), hostname)
    pair.far = far
    far.on('error', end).on('close', end)
    near.pipe(far).pipe(near)
  }
  const cutAll = () => {
    for (const { near, far } of pairs) {
      near.destroy()
      far?.destroy()
    }
    pairs.clear()
  }
  const listen = () =>
    new Promise<void>((resolve, reject) => {
      server = createServer(take)
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
  const unlisten = async () => {
    const closed = server
    server = null
    cutAll()
    if (closed) await new Promise((resolve) => closed.close(resolve))
  }
  await listen()
  return {
    url: `http://127.0.0.1:${port}`,
    async open() {
      // What hung is cut: a server that was restarted knows nothing of it.
      if (hanging) cutAll()
      hanging = false
      if (server === null) await listen()
    },
    refuse: unlisten,
    hang() {
      hanging = true
      for (const { near, far } of pairs) {
        near.unpipe()
        near.pause()
        far?.unpipe()
        far?.pause()
      }
    },
    [Symbol.asyncDispose]: unlisten,
  }
}
